package mirror

import (
	"github.com/zeebo/xxh3"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// shownSet is the users of a group as a read shows them. A full read knows by the listing
// of the group, a fingerprint of the ids in the order they come, that it is the one that
// made the stored set: ids are interned for ever, so it makes the same again.
type shownSet struct {
	stored  store.PackedSet // as a full read found it
	listing [16]byte        // of what came so far; zero where it came in pieces
	begun   bool            // something came
	pieces  bool            // it cannot be known by its listing

	same   bool // as stored
	n      int  // as many; 0 while not counted
	ids    []store.ID
	sorted bool // and without duplicates
}

// add takes in a user.
func (s *shownSet) add(n store.ID) { s.ids, s.sorted = append(s.ids, n), false }

// part says that what is shown is not, or not only, one listing.
func (s *shownSet) part() error {
	s.pieces, s.listing = true, [16]byte{}
	if !s.same {
		return nil
	}
	set, err := s.stored.Unpack()
	s.ids, s.same, s.sorted = append(s.ids, set.Users...), false, false
	return err
}

// set is what was shown. The caller must not change it.
func (s *shownSet) set() (idset.Set, error) {
	if s.same {
		set, err := s.stored.Unpack()
		return set.Users, err
	}
	if !s.sorted {
		s.ids, s.sorted = idset.Of(s.ids), true
	}
	return s.ids, nil
}

// count is how many were shown.
func (s *shownSet) count() (int, error) {
	if s.same && s.n == 0 {
		n, err := s.stored.Users.Len()
		s.n = n
		return n, err
	}
	if s.same {
		return s.n, nil
	}
	set, err := s.set()
	return len(set), err
}

// listing gathers the list of one group, of which the next pages may bring more.
type listing struct {
	group *setChange // nil: of none
	name  string     // the group's own id
	hash  xxh3.Hasher
	ids   pluginhost.IDList // copied; empty again where they were looked up
	open  bool              // the ids must be looked up: the group has no known listing, or a long one
}

// mostListed bounds how many bytes of a list wait for its end.
const mostListed = 4 << 20

// list takes in a part of a group's list.
func (r *Reading) list(c *setChange, m *pluginhost.MembersRecord) error {
	l := &r.listing
	if l.group != c {
		if err := r.endList(); err != nil {
			return err
		}
		if c.users.begun {
			if err := c.users.part(); err != nil {
				return err
			}
		}
		l.group, l.name, l.open = c, m.GroupID, c.users.pieces || c.users.stored.Listing == [16]byte{}
		l.hash.Reset()
	}
	c.users.begun = true
	_, _ = l.hash.Write(m.UserIDs) // never fails
	if l.open {
		r.lookUp(c, m.GroupID, m.UserIDs)
		return nil
	}
	if l.ids = append(l.ids, m.UserIDs...); len(l.ids) > mostListed {
		r.lookUp(c, m.GroupID, l.ids)
		l.ids, l.open = l.ids[:0], true
	}
	return nil
}

// endList ends the list of a group: what it shows is as stored, or is looked up.
func (r *Reading) endList() error {
	l := &r.listing
	c := l.group
	if c == nil {
		return nil
	}
	l.group = nil
	sum := l.hash.Sum128().Bytes()
	if !c.users.pieces {
		c.users.listing = sum
	}
	if !l.open {
		if c.users.same = sum == c.users.stored.Listing; !c.users.same {
			r.lookUp(c, l.name, l.ids)
		}
	}
	l.ids = l.ids[:0]
	return nil
}

// lookUp takes in the users of a list. Those that are not known yet come later.
func (r *Reading) lookUp(c *setChange, group string, list pluginhost.IDList) {
	var late []string
	for len(list) > 0 {
		var id []byte
		id, list = list.Next()
		if at := r.users.findBytes(id); at != 0 {
			c.users.add(r.users.entries[at].n)
		} else {
			late = append(late, string(id))
		}
	}
	if late != nil {
		r.late = append(r.late, lateMembers{m: identity.Members{GroupID: group, UserIDs: late}, listed: true})
	}
}
