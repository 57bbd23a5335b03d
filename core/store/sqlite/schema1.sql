CREATE TABLE name (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name)) STRICT;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- The mirror. n is interned, unique over accounts, groups and people of all endpoints.
CREATE TABLE account (
  n INTEGER PRIMARY KEY, ep INTEGER NOT NULL, ext TEXT NOT NULL, fp BLOB NOT NULL, flags INTEGER NOT NULL,
  email TEXT NOT NULL, username TEXT NOT NULL, external TEXT NOT NULL, rec BLOB NOT NULL, UNIQUE (ep, ext)) STRICT;
CREATE INDEX account_email ON account (ep, email) WHERE email <> '';
CREATE INDEX account_username ON account (ep, username) WHERE username <> '';
CREATE INDEX account_external ON account (ep, external) WHERE external <> '';
-- Of every account n, ext, fp and flags again, packed (heads.go): a log of base rows and what was written since.
CREATE TABLE account_head (seq INTEGER PRIMARY KEY, ep INTEGER NOT NULL, base INTEGER NOT NULL, n INTEGER NOT NULL, heads BLOB NOT NULL) STRICT;
CREATE INDEX account_head_ep ON account_head (ep);
CREATE TABLE grp (
  n INTEGER PRIMARY KEY, ep INTEGER NOT NULL, ext TEXT NOT NULL, fp BLOB NOT NULL, flags INTEGER NOT NULL,
  name TEXT NOT NULL, rec BLOB NOT NULL, UNIQUE (ep, ext)) STRICT;
CREATE INDEX grp_name ON grp (ep, name);
-- Packed sets (package idset). listing: a fingerprint of the list that users were made of, empty where there is none.
CREATE TABLE grp_set (n INTEGER PRIMARY KEY, users BLOB NOT NULL, children BLOB NOT NULL, listing BLOB NOT NULL) STRICT;
CREATE INDEX grp_set_nested ON grp_set (n) WHERE length(children) > 0;
CREATE TABLE account_set (n INTEGER PRIMARY KEY, groups BLOB NOT NULL, ours BLOB NOT NULL) STRICT;
CREATE TABLE cursor (ep INTEGER PRIMARY KEY, users BLOB, groups BLOB, at INTEGER NOT NULL, full_at INTEGER NOT NULL) STRICT;
CREATE TABLE population (ep INTEGER PRIMARY KEY, users INTEGER NOT NULL, groups INTEGER NOT NULL, memberships INTEGER NOT NULL) STRICT;
CREATE TABLE protected (ep INTEGER NOT NULL, n INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (ep, n)) STRICT, WITHOUT ROWID;
CREATE TABLE quota (
  ep INTEGER NOT NULL, name TEXT NOT NULL, total INTEGER NOT NULL, used INTEGER NOT NULL, unlimited INTEGER NOT NULL,
  new_users INTEGER NOT NULL,  groups BLOB NOT NULL, PRIMARY KEY (ep, name)) STRICT, WITHOUT ROWID;

-- Who is who.
CREATE TABLE sync_state (sync INTEGER PRIMARY KEY, epoch TEXT NOT NULL) STRICT;
CREATE TABLE sync_config (sync INTEGER PRIMARY KEY, epoch TEXT NOT NULL, kept BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE pause (
  sync INTEGER PRIMARY KEY, since INTEGER NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL, run TEXT NOT NULL, epoch TEXT NOT NULL) STRICT;
CREATE TABLE dirty (sync INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (sync, n)) STRICT, WITHOUT ROWID;
CREATE TABLE person (
  p INTEGER PRIMARY KEY, sync INTEGER NOT NULL, key TEXT NOT NULL, label TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL,
  UNIQUE (sync, key)) STRICT;
CREATE TABLE person_account (sync INTEGER NOT NULL, n INTEGER NOT NULL, p INTEGER NOT NULL, PRIMARY KEY (sync, n)) STRICT, WITHOUT ROWID;
CREATE INDEX person_account_p ON person_account (p);
CREATE TABLE link (n INTEGER PRIMARY KEY, p INTEGER NOT NULL UNIQUE, sync INTEGER NOT NULL, origin TEXT NOT NULL, run TEXT NOT NULL) STRICT;
CREATE INDEX link_sync ON link (sync);
-- How many people have an outcome, and how many links there are to accounts that are active and not gone.
CREATE TABLE outcome_count (sync INTEGER NOT NULL, outcome TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (sync, outcome)) STRICT, WITHOUT ROWID;
CREATE TRIGGER person_comes AFTER INSERT ON person BEGIN
  INSERT INTO outcome_count VALUES (new.sync, new.outcome, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER person_turns AFTER UPDATE OF outcome ON person WHEN new.outcome <> old.outcome BEGIN
  UPDATE outcome_count SET n = n - 1 WHERE sync = old.sync AND outcome = old.outcome;
  INSERT INTO outcome_count VALUES (new.sync, new.outcome, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER person_goes AFTER DELETE ON person BEGIN
  UPDATE outcome_count SET n = n - 1 WHERE sync = old.sync AND outcome = old.outcome;
END;
CREATE TABLE link_count (sync INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
CREATE TRIGGER link_comes AFTER INSERT ON link WHEN EXISTS (SELECT 1 FROM account WHERE n = new.n AND flags & 3 = 1) BEGIN
  INSERT INTO link_count VALUES (new.sync, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER link_goes AFTER DELETE ON link WHEN EXISTS (SELECT 1 FROM account WHERE n = old.n AND flags & 3 = 1) BEGIN
  UPDATE link_count SET n = n - 1 WHERE sync = old.sync;
END;
CREATE TRIGGER account_comes AFTER INSERT ON account WHEN new.flags & 3 = 1 BEGIN
  INSERT INTO link_count SELECT sync, 1 FROM link WHERE n = new.n ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER account_turns AFTER UPDATE OF flags ON account WHEN (new.flags & 3 = 1) <> (old.flags & 3 = 1) BEGIN
  INSERT INTO link_count SELECT sync, iif(new.flags & 3 = 1, 1, -1) FROM link WHERE n = new.n ON CONFLICT DO UPDATE SET n = n + excluded.n;
END;
CREATE TABLE grace (p INTEGER PRIMARY KEY, sync INTEGER NOT NULL, since INTEGER NOT NULL, due INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
-- Differences between what was pushed and what was read of somebody, as JSON; since is when the oldest was first seen.
CREATE TABLE drift (p INTEGER PRIMARY KEY, sync INTEGER NOT NULL, since INTEGER NOT NULL, missing INTEGER NOT NULL, differences BLOB NOT NULL) STRICT;
CREATE INDEX drift_sync ON drift (sync, since);
CREATE TABLE own_group (n INTEGER PRIMARY KEY, sync INTEGER NOT NULL, retired INTEGER NOT NULL) STRICT;
CREATE TABLE groups_settled (sync INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;

CREATE TABLE leaver (
  p INTEGER NOT NULL, seen INTEGER NOT NULL, sync INTEGER NOT NULL, n INTEGER NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL,
  said INTEGER NOT NULL, asked INTEGER NOT NULL, confirmed INTEGER NOT NULL, returned INTEGER NOT NULL, tried INTEGER NOT NULL,
  PRIMARY KEY (p, seen)) STRICT, WITHOUT ROWID;
CREATE INDEX leaver_seen ON leaver (sync, seen);
CREATE INDEX leaver_open ON leaver (sync, seen) WHERE confirmed = 0 AND returned = 0;

-- What happened.
CREATE TABLE run (
  id TEXT PRIMARY KEY, sync TEXT NOT NULL, ep INTEGER NOT NULL, mode TEXT NOT NULL, state TEXT NOT NULL, started INTEGER NOT NULL,
  ended INTEGER NOT NULL, digest TEXT NOT NULL, cause TEXT NOT NULL, summary TEXT NOT NULL,
  approved TEXT NOT NULL, detail BLOB) STRICT, WITHOUT ROWID;
CREATE INDEX run_started ON run (started);
CREATE TABLE operation (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run TEXT NOT NULL, ep INTEGER NOT NULL, class TEXT NOT NULL,
  p INTEGER NOT NULL, n INTEGER NOT NULL, g INTEGER NOT NULL, state TEXT NOT NULL, step BLOB NOT NULL,
  remote_id TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX operation_run ON operation (run);
CREATE INDEX operation_class ON operation (class, at);
CREATE INDEX operation_n ON operation (n);
CREATE INDEX operation_p ON operation (p);
CREATE INDEX operation_g ON operation (g) WHERE g <> 0;
CREATE TABLE evidence (
  run TEXT NOT NULL, p INTEGER NOT NULL, n INTEGER NOT NULL, ep INTEGER NOT NULL, flags INTEGER NOT NULL, rec BLOB NOT NULL,
  groups BLOB NOT NULL, PRIMARY KEY (run, p, n)) STRICT, WITHOUT ROWID;
CREATE INDEX operation_unfinished ON operation (ep) WHERE state = 'intent';
CREATE TABLE plan (
  digest TEXT PRIMARY KEY, sync TEXT NOT NULL, run TEXT NOT NULL, created INTEGER NOT NULL, verdict TEXT NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX plan_sync ON plan (sync, created);
CREATE TABLE approval (
  digest TEXT NOT NULL, who TEXT NOT NULL, only_ TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, expires INTEGER NOT NULL,
  used_by TEXT NOT NULL, PRIMARY KEY (digest, who, only_)) STRICT, WITHOUT ROWID;
CREATE TABLE lease (ep INTEGER PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL) STRICT;
-- The audit record. Each hash is over its row and the hash before; the newest is noted in audit.head too.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL, sync TEXT NOT NULL, run TEXT NOT NULL,
  body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit record is append-only'); END;
CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit record is append-only'); END;

-- What clients have pushed. kind: 0 pending (the id of a member that names nothing yet), 1 user, 2 group.
CREATE TABLE directory (ep INTEGER PRIMARY KEY, seq INTEGER NOT NULL, forgotten INTEGER NOT NULL) STRICT;
CREATE TABLE entry (
  n INTEGER PRIMARY KEY, ep INTEGER NOT NULL, kind INTEGER NOT NULL, ext TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL,
  pos INTEGER NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, gone INTEGER NOT NULL, rec BLOB, doc BLOB, keys BLOB, UNIQUE (ep, ext)) STRICT;
CREATE INDEX entry_order ON entry (ep, kind, pos) WHERE gone = 0;
CREATE INDEX entry_seq ON entry (ep, kind, seq);
CREATE TABLE entry_count (ep INTEGER NOT NULL, kind INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (ep, kind)) STRICT, WITHOUT ROWID;
CREATE TRIGGER entry_comes AFTER INSERT ON entry WHEN new.gone = 0 BEGIN
  INSERT INTO entry_count VALUES (new.ep, new.kind, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER entry_turns AFTER UPDATE OF kind, gone ON entry WHEN new.kind <> old.kind OR new.gone <> old.gone BEGIN
  UPDATE entry_count SET n = n - 1 WHERE ep = old.ep AND kind = old.kind AND old.gone = 0;
  INSERT INTO entry_count SELECT new.ep, new.kind, 1 WHERE new.gone = 0 ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER entry_goes AFTER DELETE ON entry WHEN old.gone = 0 BEGIN
  UPDATE entry_count SET n = n - 1 WHERE ep = old.ep AND kind = old.kind;
END;
-- key is made of digests of the value, and of endpoint, kind and attribute. entry.keys has those of an entry, one behind the other.
CREATE TABLE entry_key (key BLOB NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (key, n)) STRICT, WITHOUT ROWID;
CREATE TABLE member (
  ep INTEGER NOT NULL, g INTEGER NOT NULL, m INTEGER NOT NULL, seq INTEGER NOT NULL, gone INTEGER NOT NULL, PRIMARY KEY (g, m)) STRICT, WITHOUT ROWID;
CREATE INDEX member_of ON member (m) WHERE gone = 0;
CREATE INDEX member_seq ON member (ep, seq);
-- By what clients may push. hash is SHA-256.
CREATE TABLE token (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL, scope TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, created INTEGER NOT NULL,
  expires INTEGER NOT NULL, used INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
