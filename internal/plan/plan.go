// Package plan is what an authority wants: the goals, priorities, activities, networks and departments of
// its action plan, and the vocabulary by which a priority's people speak of their subject. It is
// vocabulary: it imports the standard library only. Plans are data (config/plans/*.yaml), read by config.
package plan

// Plan is one authority's action plan.
type Plan struct {
	ID          string // such as rvn-2020
	Name        string
	NameEN      string
	Authority   string
	Language    string // of the plan's own words, BCP 47
	Document    string // where the words come from: title, number, date
	Goals       []Goal
	Networks    []Network
	Departments []Department
	Priorities  []Priority
}

// Goal is a long-term goal of the plan, with the ways it names to reach it.
type Goal struct {
	ID         string
	Name       string
	NameEN     string
	Aims       []string   // the ways, in the plan's words
	Activities []Activity // rows that serve every priority ("Övergripande", "Kommunikation")
}

// Network is a body in which the authority coordinates.
type Network struct {
	ID   string // as the plan writes it, such as EFNS
	Name string
	Note string
}

// Department is who gets a digest.
type Department struct {
	ID         string
	Name       string
	NameEN     string
	Priorities []string // ids that it follows, in the order in which it wants to read them
}

// Priority is one of the plan's subjects, to which calls are matched.
type Priority struct {
	ID         string
	Name       string
	NameEN     string
	Goals      []string // ids of the goals that it serves
	Text       string   // what belongs to it, in the plan's language; whole sentences, quoted as reasons
	TextEN     string
	Activities []Activity
	Vocabulary []Term
	Rules      []Rule
	Always     []Exception
	Never      []Exception
}

// Activity is one row of the plan's tables.
type Activity struct {
	Heading  string // the row's first column, in the plan's words
	Text     string
	Networks []string // ids of networks, or the plan's own words where it names none
}

// Term is one concept of a priority's vocabulary. A trailing * means any ending, a leading * anywhere in a
// word (for Swedish compounds). A negative weight tells what the priority is not about: its words are
// taken out of the text before anything is counted.
type Term struct {
	SV     string   // empty when only the English terms are meant
	EN     []string // may be empty
	Weight float64  // 3: the subject itself; 2: plainly part of it; 1: a hint; negative: not meant
	Note   string
	Line   int // in the plan file, for messages
}

// Rule is structured evidence: a code, programme or policy area that speaks for or against the priority.
type Rule struct {
	Field   string // programme, call, identifier, topic, source, kind, division or action_type
	Pattern string // compared without regard to case; * matches any run of characters
	Weight  float64
	Note    string
	Line    int
}

// Exception is a decision of a person about one call.
type Exception struct {
	Source string
	Ref    string
	Who    string // a role, never a person's name
	Why    string
	Line   int
}

// Priority gives the priority of that id.
func (p *Plan) Priority(id string) (*Priority, bool) {
	for i := range p.Priorities {
		if p.Priorities[i].ID == id {
			return &p.Priorities[i], true
		}
	}
	return nil, false
}

// Department gives the department of that id.
func (p *Plan) Department(id string) (*Department, bool) {
	for i := range p.Departments {
		if p.Departments[i].ID == id {
			return &p.Departments[i], true
		}
	}
	return nil, false
}
