// Package plan is what an authority wants: the goals, priorities, activities, networks and departments of
// its action plan, and the vocabulary by which a priority's people speak of their subject. It is
// vocabulary: it imports the standard library only. Plans are data (config/plans/*.yaml), read by config.
package plan

// Plan is one authority's action plan.
type Plan struct {
	ID          string       `json:"id"` // such as rvn-2020
	Name        string       `json:"name"`
	NameEN      string       `json:"name_en,omitempty"`
	Authority   string       `json:"authority"`
	Language    string       `json:"language"` // of the plan's own words, BCP 47
	Document    string       `json:"document"` // where the words come from: title, number, date
	Goals       []Goal       `json:"goals,omitempty"`
	Networks    []Network    `json:"networks,omitempty"`
	Departments []Department `json:"departments"`
	Priorities  []Priority   `json:"priorities"`
	Weights     Weights      `json:"weights,omitzero"`
}

// Weights are factors on the numbers by which matches are weighed. The matcher's own numbers fit plans at large; a
// plan's keepers, or what they let the matcher learn from labels, may shift them. 0 is not set, the same as 1.
type Weights struct {
	Threshold    float64 `json:"threshold,omitzero"`    // points that it takes to be included; above 1 is stricter
	Further      float64 `json:"further,omitzero"`      // how much each further term adds after the strongest
	Parent       float64 `json:"parent,omitzero"`       // terms in titles of the call, the funding topic and the project; the title's own are the measure
	Topics       float64 `json:"topics,omitzero"`       // terms in the source's keywords
	Lead         float64 `json:"lead,omitzero"`         // terms in the head of the text
	For          float64 `json:"for,omitzero"`          // rules that speak for a priority
	Against      float64 `json:"against,omitzero"`      // rules that speak against one
	Consultation float64 `json:"consultation,omitzero"` // terms in consultations; calls are the measure
	Planned      float64 `json:"planned,omitzero"`      // terms in what is only planned
}

// Factor is one of the weights, under the name that it has in files.
type Factor struct {
	Name  string
	Value *float64
}

// Factors gives the weights with their names, in a fixed order. Changing a value changes w.
func (w *Weights) Factors() []Factor {
	return []Factor{
		{"threshold", &w.Threshold}, {"further", &w.Further}, {"parent", &w.Parent}, {"topics", &w.Topics}, {"lead", &w.Lead},
		{"for", &w.For}, {"against", &w.Against}, {"consultation", &w.Consultation}, {"planned", &w.Planned},
	}
}

// The least and the most that a factor may be.
const (
	MinFactor = 0.25
	MaxFactor = 4.0
)

// Goal is a long-term goal of the plan, with the ways it names to reach it.
type Goal struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	NameEN     string     `json:"name_en,omitempty"`
	Aims       []string   `json:"aims"`                 // the ways, in the plan's words
	Activities []Activity `json:"activities,omitempty"` // rows that serve every priority ("Övergripande", "Kommunikation")
}

// Network is a body in which the authority coordinates.
type Network struct {
	ID   string `json:"id"` // as the plan writes it, such as EFNS
	Name string `json:"name"`
	Note string `json:"note,omitempty"`
}

// Department is who gets a digest.
type Department struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	NameEN     string   `json:"name_en,omitempty"`
	Priorities []string `json:"priorities"` // ids that it follows, in the order in which it wants to read them
}

// Priority is one of the plan's subjects, to which calls are matched.
type Priority struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	NameEN     string      `json:"name_en,omitempty"`
	Goals      []string    `json:"goals,omitempty"` // ids of the goals that it serves
	Text       string      `json:"text"`            // what belongs to it, in the plan's language; whole sentences, quoted as reasons
	TextEN     string      `json:"text_en,omitempty"`
	Activities []Activity  `json:"activities,omitempty"`
	Vocabulary []Term      `json:"vocabulary"`
	Rules      []Rule      `json:"rules"`
	Always     []Exception `json:"always,omitempty"`
	Never      []Exception `json:"never,omitempty"`
}

// Activity is one row of the plan's tables.
type Activity struct {
	Heading  string   `json:"heading"` // the row's first column, in the plan's words
	Text     string   `json:"text"`
	Networks []string `json:"networks,omitempty"` // ids of networks, or the plan's own words where it names none
}

// Term is one concept of a priority's vocabulary. A trailing * means any ending, a leading * anywhere in a
// word (for Swedish compounds). A negative weight tells what the priority is not about: its words are
// taken out of the text before anything is counted.
type Term struct {
	SV     string   `json:"sv,omitempty"` // empty when only the English terms are meant
	EN     []string `json:"en,omitempty"` // may be empty
	Weight float64  `json:"weight"`       // 3: the subject itself; 2: plainly part of it; 1: a hint; negative: not meant
	Note   string   `json:"note,omitempty"`
	Line   int      `json:"-"` // in the plan file, for messages
}

// Rule is structured evidence: a code, programme or policy area that speaks for or against the priority.
type Rule struct {
	Field   string  `json:"field"`   // programme, call, identifier, topic, source, kind, division or action_type
	Pattern string  `json:"pattern"` // compared without regard to case; * matches any run of characters
	Weight  float64 `json:"weight"`
	Note    string  `json:"note,omitempty"`
	Line    int     `json:"-"`
}

// Exception is a decision of a person about one call.
type Exception struct {
	Source string `json:"source"`
	Ref    string `json:"ref"`
	Who    string `json:"who"` // a role, never a person's name
	Why    string `json:"why"`
	Line   int    `json:"-"`
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

// PriorityIDs gives the ids of all priorities, in the plan's order.
func (p *Plan) PriorityIDs() []string {
	out := make([]string, len(p.Priorities))
	for i := range p.Priorities {
		out[i] = p.Priorities[i].ID
	}
	return out
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
