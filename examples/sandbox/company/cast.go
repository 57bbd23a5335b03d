package company

// The people who have a part in the demo, by login.
const (
	Ada       = "ada.byron@" + Domain         // the one to explain; in jira-administrators
	Noor      = "noor.haddad@" + Domain       // joins during the day
	Katherine = "katherine.coleman@" + Domain // moves
	Emil      = "emil.berg@" + Domain         // leaves
	Mary      = "mary.keller@" + Domain       // is suspended
	Hedy      = "hedy.kiesler@" + Domain      // takes another name
	Tove      = "tove.lindqvist@" + Domain    // left, and returns
	Bao       = "bao.nguyen@" + Domain        // e-mail changes case
	Otto      = "otto.falk@" + Domain         // is deleted without trace
	Ines      = "ines.duarte@" + Domain       // active, but suspended in Atlassian
	Grace     = "grace.murray@" + Domain      // has the hand-made groups' other memberships
)

type role struct {
	person Person
	groups []string
}

var cast = []role{
	{Person{Login: Ada, FirstName: "Ada", LastName: "Byron", Department: "Engineering", Title: "Principal Engineer"},
		[]string{"jira-administrators", "jira-users", "engineering", "data-platform"}},
	{Person{Login: Katherine, FirstName: "Katherine", LastName: "Coleman", Department: "Research", Title: "Scientist"},
		[]string{"jira-users", "research"}},
	{Person{Login: Emil, FirstName: "Emil", LastName: "Berg", Department: "Engineering", Title: "Engineer"},
		[]string{"jira-users", "engineering", "project-heron"}},
	{Person{Login: Mary, FirstName: "Mary", LastName: "Keller", Department: "Support", Title: "Support Lead"},
		[]string{"jira-users", "support"}},
	{Person{Login: Hedy, FirstName: "Hedy", LastName: "Kiesler", Department: "Engineering", Title: "Engineer"},
		[]string{"jira-users", "engineering"}},
	{Person{Login: Tove, FirstName: "Tove", LastName: "Lindqvist", Department: "Design", Title: "Designer", Status: Deprovisioned},
		[]string{"jira-users", "design"}},
	{Person{Login: Bao, FirstName: "Bảo", LastName: "Nguyễn", Department: "Engineering", Title: "Engineer"},
		[]string{"jira-users", "engineering", "data-platform"}},
	{Person{Login: Otto, FirstName: "Otto", LastName: "Falk", Department: "Sales", Title: "Account Manager"},
		[]string{"jira-users", "sales"}},
	{Person{Login: Ines, FirstName: "Inês", LastName: "Duarte", Department: "Research", Title: "Analyst"},
		[]string{"jira-users", "research"}},
	{Person{Login: Grace, FirstName: "Grace", LastName: "Murray", Department: "Engineering", Title: "Director"},
		[]string{"jira-administrators", "jira-users", "engineering", "leadership"}},
}

// Departments have a group of the same name in lower case.
var departments = []string{
	"Engineering", "Research", "Platform", "Support", "Design", "Sales", "Finance", "People", "Legal", "Marketing",
}

var namedGroups = []Group{
	{Name: "Everyone", Kind: BuiltIn, Description: "All users in your organization"},
	{Name: "jira-administrators", Kind: OktaGroup, Description: "Run Jira"},
	{Name: "jira-users", Kind: OktaGroup, Description: "May use Jira"},
	{Name: "confluence-users", Kind: OktaGroup},
	{Name: "engineering", Kind: OktaGroup, Description: "Everyone who builds"},
	{Name: "research", Kind: OktaGroup},
	{Name: "platform", Kind: OktaGroup},
	{Name: "support", Kind: OktaGroup},
	{Name: "design", Kind: OktaGroup},
	{Name: "sales", Kind: OktaGroup},
	{Name: "finance", Kind: OktaGroup},
	{Name: "people", Kind: OktaGroup},
	{Name: "legal", Kind: OktaGroup},
	{Name: "marketing", Kind: OktaGroup},
	{Name: "leadership", Kind: OktaGroup},
	{Name: "data-platform", Kind: OktaGroup, Description: "Owns the warehouse"},
	{Name: "project-kestrel", Kind: OktaGroup, Description: "Ends this year"},
	{Name: "project-heron", Kind: OktaGroup},
	{Name: "Domain Users", Kind: AppGroup, Description: "Imported from harbour.local"},
	{Name: "Büro Zürich", Kind: OktaGroup, Description: "Standort Zürich"},
	{Name: "empty-on-purpose", Kind: OktaGroup},
}

// Day is a day of life in the company, in order.
var Day = []Step{
	{"joiner", "Noor Haddad joins Engineering", []Mutation{
		{Op: Create, Profile: &Person{
			Login: Noor, Email: Noor, FirstName: "Noor", LastName: "Haddad", DisplayName: "Noor Haddad",
			Department: "Engineering", Title: "Engineer", EmployeeNumber: "900001", Status: Provisioned,
		}},
		{Op: MemberAdd, Group: "engineering", Person: Noor},
		{Op: MemberAdd, Group: "jira-users", Person: Noor},
	}},
	{"mover", "Katherine Coleman moves from Research to Platform", []Mutation{
		{Op: SetProfile, Person: Katherine, Field: "department", Value: "Platform"},
		{Op: MemberRemove, Group: "research", Person: Katherine},
		{Op: MemberAdd, Group: "platform", Person: Katherine},
	}},
	{"leaver", "Emil Berg leaves", []Mutation{{Op: SetStatus, Person: Emil, Value: string(Deprovisioned)}}},
	{"suspended", "Mary Keller is suspended", []Mutation{{Op: SetStatus, Person: Mary, Value: string(Suspended)}}},
	{"rename", "Hedy Kiesler is called Hedy Lamarr", []Mutation{
		{Op: SetProfile, Person: Hedy, Field: "lastName", Value: "Lamarr"},
		{Op: SetProfile, Person: Hedy, Field: "displayName", Value: "Hedy Lamarr"},
	}},
	{"returner", "Tove Lindqvist returns", []Mutation{{Op: SetStatus, Person: Tove, Value: string(Active)}}},
	{"group-renamed", "data-platform is called data-engineering", []Mutation{
		{Op: GroupRename, Group: "data-platform", Value: "data-engineering"},
	}},
	{"email-case", "Bảo Nguyễn's e-mail changes case", []Mutation{
		{Op: SetProfile, Person: Bao, Field: "email", Value: "Bao.Nguyen@Harbour.Example"},
	}},
	{"hard-delete", "Otto Falk is deleted", []Mutation{
		{Op: SetStatus, Person: Otto, Value: string(Deprovisioned)},
		{Op: Delete, Person: Otto},
	}},
	{"group-deleted", "project-kestrel is deleted", []Mutation{{Op: GroupDelete, Group: "project-kestrel"}}},
}
