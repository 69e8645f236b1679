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
	LearnedFile string       `json:"-"` // of learned words, as the plan names it, beside its own; see [Priority.Learned]
	LearnedLine int          `json:"-"` // where it is named
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
	Learned    []Learned   `json:"learned,omitempty"`
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

// Learned is a word that labelled calls have shown to speak for or against a priority. It gives or takes a little of what
// a term does: the vocabulary is what people say of the subject, learned words are what calls say beside it.
type Learned struct {
	In     string  `json:"in"`     // where the word stands: text, title or code
	Words  string  `json:"words"`  // one word or two side by side, cut to [LearnedLetters]; of a code, a part of it
	Points float64 `json:"points"` // whole hundredths
	Line   int     `json:"-"`      // in the file of learned words
}

// LearnedLetters is by how many letters at most a learned word is known: "regiona*" stands for regional and regionalt alike. A word has a
// star if it has so many, and none if it is shorter.
const LearnedLetters = 7

// MostLearned is what a learned word may give or take at most: a word that settles a matter alone belongs to the vocabulary.
const MostLearned = 3

// The places of learned words.
const (
	InText  = "text"  // any title, and the head of the text
	InTitle = "title" // the call's own title, beside what the word gives in text
	InCode  = "code"  // the code of the topic or call
)

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

// WithLearned gives p with learned words in the place of those that it has: of each priority, in the plan's order; nil
// takes them away.
func (p *Plan) WithLearned(learned [][]Learned) *Plan {
	out := *p
	out.Priorities = make([]Priority, len(p.Priorities))
	copy(out.Priorities, p.Priorities)
	for i := range out.Priorities {
		out.Priorities[i].Learned = nil
		if i < len(learned) {
			out.Priorities[i].Learned = learned[i]
		}
	}
	return &out
}
