// Package digest tells a department what changed for it, and why: a pure function of a plan, a stretch of the
// change log, the calls that stand, and how the sources were read. It has no store and no clock. [Build] decides
// what is told and puts every fact into words; [Text], [HTML] and [JSON] only lay it out.
//
// The rules, each answering to what readers of such mails complain about:
//
//   - An item appears once, in its most important section, with all its notices merged. What is new in the period is
//     new, whatever else happened to it (nobody read the old words). Else changed, then opened; what only stands
//     is told when it closes soon, or else when it opens soon. A consultation that is new or has opened is one to answer.
//   - Of the last days of what a reader follows or takes it is reminded, before everything else, where the item stands for
//     nothing that happened.
//   - Only what [match.Result.Included] says, under the best of the department's priorities; the others are named.
//   - Nothing is dropped in silence. Each change handed in is either told or counted under a reason ([LeftOut]);
//     a section that grows too long is folded with a line that says how many more there are, and the JSON holds them all.
//   - What only draws near is told in a few lines and by date, for it was explained when it came; of what we may
//     probably not apply for, only the number. What happened to such items stands last and is not in the subject.
//   - A call that several sources publish is told once, under the best of them that concerns the reader; the
//     others stand beside it with their addresses, and where they state another last day, that is said.
//   - Stale items (open by their source, though every deadline has passed) are never new, opened or soon.
//   - The first complete reading of a source is a sentence, not hundreds of news.
//   - The end proves the rest: which sources were read, when, how completely, and why each quiet one is quiet.
package digest

import (
	"cmp"
	"time"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/subscription"
	"utkik/internal/watch"
)

// Input is all that a digest is made of.
type Input struct {
	Plan       *plan.Plan
	Department string    // id of one of the plan's departments
	Date       string    // local day of the digest, 2026-04-23, Europe/Stockholm; days left are counted from it
	Now        time.Time // what has passed, has passed at Now
	Language   string    // sv or en; empty means sv
	Changes    []call.Change
	Calls      []Item // every current call that matters or is shown with one, and every gone one that Changes names
	Sources    []SourceState
	Held       []Held
	Horizon    Horizon
	More       string // address where the whole digest can be read, http or https, {department} in it for the department's id; empty when there is none

	Groups [][]call.Key // calls of several sources that are the same, the best of them first

	Links     func(k call.Key, language string) Links // where a reader acts on an item; nil when nowhere
	Reminders map[string][]subscription.Reminder      // by department; a reader has its own
}

// Links are the addresses at which a reader acts on an item. One that is empty is left out.
type Links struct {
	Read        string `json:"read,omitempty"`     // its page here
	Calendar    string `json:"calendar,omitempty"` // its next deadline, for a calendar
	Follow      string `json:"follow,omitempty"`
	Act         string `json:"act,omitempty"`
	NotRelevant string `json:"not_relevant,omitempty"`
	Answer      string `json:"answer,omitempty"` // leads to the last three: plain text, where addresses are long, shows it alone
}

// Foot is what a mail ends with: the addresses at which its reader ends the mails, or lets them rest.
type Foot struct {
	Unsubscribe string `json:"unsubscribe,omitempty"`
	Pause       string `json:"pause,omitempty"`
}

// Horizon says how far a digest looks ahead and how long its sections may grow. A zero field takes its default.
type Horizon struct {
	OpeningDays int // days ahead for what opens soon; 14
	ClosingDays int // days ahead for what closes soon; 14
	Fold        int // items that a priority shows in a section before the rest is folded; 15
	Soon        int // items that closing soon and opening soon show each, nearest first; 8
}

func (h Horizon) orDefault() Horizon {
	return Horizon{cmp.Or(h.OpeningDays, 14), cmp.Or(h.ClosingDays, 14), cmp.Or(h.Fold, 15), cmp.Or(h.Soon, 8)}
}

// Item is one call as it stands, with how it was matched.
type Item struct {
	Call      call.Call
	FirstSeen time.Time
	Gone      time.Time // when it left its source; zero while it is there
	Results   []match.Result
}

// SourceState is how one source stands, and how it was read the last time.
type SourceState struct {
	ID          string
	Name        string // for readers, in the digest's language
	NameEN      string // in English, when Name is Swedish and the digest may be either
	State       watch.State
	Started     time.Time // zero when the source was never read
	Ended       time.Time
	Complete    bool
	Baseline    bool // it was the first complete reading
	Seen        int  // items listed
	Added       int
	Changed     int
	Quarantined int
	Error       string // for operators; kept in the JSON, out of the mail
}

// Held is an item in quarantine.
type Held struct {
	Key    call.Key
	Title  string
	Reason string
	Since  time.Time
}

// Format names the shape of the JSON form. It changes when a key is renamed, removed or means something else.
const Format = "utkik-digest/3"

// Digest is what one department is told on one day. Its JSON form is stable: days are 2026-04-23, instants
// RFC 3339 UTC, amounts whole euros, and fields named "words" are for people, in the digest's language.
type Digest struct {
	Format         string     `json:"format"`
	Plan           string     `json:"plan"`
	PlanName       string     `json:"plan_name"`
	Authority      string     `json:"authority"`
	Department     string     `json:"department"`
	DepartmentName string     `json:"department_name"`
	Date           string     `json:"date"`
	DateWords      string     `json:"date_words"` // torsdag 23 april 2026
	Language       string     `json:"language"`
	Subject        string     `json:"subject"`
	Lead           string     `json:"lead"`      // the first sentence
	Warnings       []string   `json:"warnings"`  // sources that could not be read or believed
	Baselines      []Baseline `json:"baselines"` // sources read completely for the first time
	Sections       []Section  `json:"sections"`  // in order of importance; empty ones are left out
	Proof          Proof      `json:"proof"`
	More           string     `json:"more,omitempty"`
	Follows        []string   `json:"follows,omitempty"` // of a reader who is no department: what it follows
	Foot           Foot       `json:"foot,omitzero"`
	Only           SectionID  `json:"only,omitempty"` // reminders, where the mail has nothing else
}

// Baseline is the first complete reading of a source: its items are new to us, not to the world.
type Baseline struct {
	Source   string `json:"source"`
	Name     string `json:"name"`
	Items    int    `json:"items"`
	Matching int    `json:"matching"` // of them, still to apply for or answer, in the department's priorities
	Shown    int    `json:"shown"`    // of the matching, those that a mail lays out because a date is near
	Words    string `json:"words"`
}

// SectionID names a section.
type SectionID string

// The sections, most important first.
const (
	Reminders     SectionID = "reminders" // last days of what the reader follows or takes
	Changed       SectionID = "changed"
	New           SectionID = "new"
	Consultations SectionID = "consultations" // new ones, and those that have opened
	Opened        SectionID = "opened"
	ClosingSoon   SectionID = "closing_soon"
	OpeningSoon   SectionID = "opening_soon"
)

var order = []SectionID{Reminders, Changed, New, Consultations, Opened, ClosingSoon, OpeningSoon}

// Section is one part of a digest.
type Section struct {
	ID       SectionID `json:"id"`
	Heading  string    `json:"heading"`
	Count    int       `json:"count"`    // its items, folded ones too, as subject and heading count them: without the doubtful
	Doubtful int       `json:"doubtful"` // those that the authority probably may not apply for
	Groups   []Group   `json:"groups"`   // by priority, in the department's order, or one by date of what is soon; what we may not apply for last
}

// Group holds a section's items of one priority, or those that the authority probably may not apply for.
type Group struct {
	Priority string  `json:"priority"` // empty in the doubtful group and in what is soon
	Name     string  `json:"name"`
	Doubtful bool    `json:"doubtful"`
	Shown    int     `json:"shown"` // how many of Items a mail lays out; the rest is folded
	Fold     string  `json:"fold"`  // the line that says so; empty when all are shown
	Items    []Entry `json:"items"`

	hit int // of a reader: the subscription whose items these are, where no priority holds them; -1 for what was decided
}

// Entry is one item of a digest.
type Entry struct {
	Source        string     `json:"source"`
	Ref           string     `json:"ref"`
	SourceName    string     `json:"source_name"`
	Kind          call.Kind  `json:"kind"`
	KindWords     string     `json:"kind_words"`
	Title         string     `json:"title"`          // cut when very long
	Language      string     `json:"title_language"` // BCP 47; empty when not known
	TextLanguage  string     `json:"language"`       // of the source's other words
	Programme     string     `json:"programme,omitempty"`
	Identifier    string     `json:"identifier,omitempty"`
	Project       string     `json:"project,omitempty"` // of a cascade call: who runs it
	URL           string     `json:"url,omitempty"`     // http or https, else left out
	Status        string     `json:"status,omitempty"`  // as a reader should see it
	Opens         *Date      `json:"opens,omitempty"`
	Deadline      *Date      `json:"deadline,omitempty"` // the next one
	Deadlines     []Date     `json:"deadlines"`          // all, in order of time
	DeadlineModel string     `json:"deadline_model,omitempty"`
	BudgetEUR     int64      `json:"budget_eur,omitempty"`
	Grants        int        `json:"grants,omitempty"`
	MinEUR        int64      `json:"contribution_min_eur,omitempty"`
	MaxEUR        int64      `json:"contribution_max_eur,omitempty"`
	Money         string     `json:"money_words,omitempty"`
	Eligible      string     `json:"eligible,omitempty"` // who may apply, in the source's words
	Notices       []Notice   `json:"notices"`            // what changed
	Why           Why        `json:"why"`
	Against       []Against  `json:"against"` // what held it back
	Doubtful      bool       `json:"doubtful"`
	Priority      string     `json:"priority"`
	PriorityName  string     `json:"priority_name"`
	Score         float64    `json:"score"`
	Also          []Also     `json:"also"` // the department's other priorities that it belongs to
	FirstSeen     *time.Time `json:"first_seen,omitempty"`
	ToldBefore    bool       `json:"told_before"`              // it stands, and an earlier digest had the chance to tell of it
	Follows       []string   `json:"follows,omitempty"`        // of a reader: what it follows that led here
	Decision      string     `json:"decision,omitempty"`       // of a reader: act or follow
	LanguageWords string     `json:"language_words,omitempty"` // only when it is not the digest's language

	Elsewhere []Elsewhere `json:"elsewhere,omitempty"` // other sources of the same call
	Links     Links       `json:"links,omitzero"`
	Reminder  *int        `json:"reminder,omitempty"`   // that many days before its deadline its reader was to be reminded
	Odds      string      `json:"odds_words,omitempty"` // where sources state different last days

	key      call.Key
	hit      int  // the first of Follows by its number; -1 when there is none
	expected bool // only a priority led here, which the heading above names
	opensAt  call.Moment
	deadline call.Moment
}

// Date is a day on which something happens to an item.
type Date struct {
	Day    string `json:"day"`            // in Sweden
	Time   string `json:"time,omitempty"` // RFC 3339 UTC, where the source states a clock time
	Days   int    `json:"days"`           // left, counted from the digest's day; negative when it has passed
	Passed bool   `json:"passed"`
	Words  string `json:"words"`       // torsdag 23 april 2026 kl. 17.00
	Short  string `json:"short_words"` // the same without the digest's own year
	Near   string `json:"day_words"`   // 23 april, with the year when it is another
	Left   string `json:"left_words"`  // om 3 dagar
}

// Notice is one thing that changed, from its first old value to its last new one in the period.
type Notice struct {
	Event call.Event `json:"event"`
	Field string     `json:"field,omitempty"`
	Old   string     `json:"old"`
	New   string     `json:"new"`
	Days  *int       `json:"days,omitempty"` // gained (positive) or lost, when exactly one date moved
	Words string     `json:"words"`
	Seqs  []int64    `json:"seqs"` // the change log's lines that it merges
}

// Why is what an item has to do with the plan, in two quotations.
type Why struct {
	Part             Part     `json:"part"` // of the plan that Plan quotes
	Plan             string   `json:"plan"` // the plan's words
	PlanLanguage     string   `json:"plan_language"`
	Call             string   `json:"call"` // the call's, words that matched between «»
	Field            string   `json:"field"`
	Activity         string   `json:"activity,omitempty"` // of the priority, the one that fits best
	ActivityLanguage string   `json:"activity_language,omitempty"`
	Networks         []string `json:"networks"`
}

// Part is a part of a plan.
type Part string

// The parts that a quotation can come from.
const (
	PartText       Part = "text"       // the priority's sentences, or an activity's
	PartVocabulary Part = "vocabulary" // its words, where no sentence speaks of the subject
	PartDecision   Part = "decision"   // a person's decision about this very item
)

// Against is one point that held an item back.
type Against struct {
	Plan        string `json:"plan"`     // the plan's words, or why the authority can hardly apply
	Language    string `json:"language"` // of Plan
	Call        string `json:"call"`
	Field       string `json:"field"`
	Term        string `json:"term"`
	Eligibility bool   `json:"eligibility"` // it is about who may apply
}

// Also is another priority of the department that an item belongs to.
type Also struct {
	Priority string `json:"priority"`
	Name     string `json:"name"`
}

// Proof is what a reader needs to trust what is not in the digest.
type Proof struct {
	Sources []SourceProof `json:"sources"`
	Changes int           `json:"changes"`  // lines of the change log in the period
	Told    int           `json:"told"`     // of them, told as notices or as new items
	LeftOut []LeftOut     `json:"left_out"` // the rest: Changes = Told + the sum of these
	Folded  int           `json:"folded"`   // items that a mail only counts
	Held    []HeldProof   `json:"held"`
	Words   []string      `json:"words"` // the sentences about changes and quarantine
}

// SourceProof is how one source was read.
type SourceProof struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	State       watch.State `json:"state"`
	Ended       time.Time   `json:"ended,omitzero"`
	Complete    bool        `json:"complete"`
	Seen        int         `json:"seen"`
	Added       int         `json:"added"`
	Changed     int         `json:"changed"`
	Quarantined int         `json:"quarantined"`
	Error       string      `json:"error,omitempty"`
	Words       string      `json:"words"`
}

// Reason says why a change is not told.
type Reason string

// The reasons, in the order in which they are asked.
const (
	ReasonHeld      Reason = "quarantined"   // the item is in quarantine
	ReasonMended    Reason = "mended"        // our reading was mended; the call did not change
	ReasonBaseline  Reason = "baseline"      // first reading of the source; counted in the opening paragraph
	ReasonWording   Reason = "wording"       // not material
	ReasonDismissed Reason = "dismissed"     // the reader said that it is not relevant
	ReasonUnknown   Reason = "unknown"       // the item was not handed in
	ReasonUnmatched Reason = "unmatched"     // in none of the department's priorities
	ReasonReverted  Reason = "reverted"      // changed and changed back within the period
	ReasonPassed    Reason = "passed"        // only days that had already passed came or went
	ReasonClosed    Reason = "closed"        // it has closed as expected, or was closed already
	ReasonFleeting  Reason = "came_and_went" // appeared and vanished within the period
	ReasonLinked    Reason = "linked"        // the same call was or is told through another source
)

var reasons = []Reason{ReasonUnmatched, ReasonWording, ReasonBaseline, ReasonMended, ReasonHeld, ReasonLinked, ReasonClosed,
	ReasonPassed, ReasonReverted, ReasonFleeting, ReasonDismissed, ReasonUnknown}

// LeftOut counts the changes that are not told for one reason.
type LeftOut struct {
	Reason Reason `json:"reason"`
	Count  int    `json:"count"`
	Words  string `json:"words"`
}

// HeldClass says why an item is held, as far as a reader needs to know.
type HeldClass string

// The classes of what is held, by the word with which the reason begins.
const (
	HeldStale   HeldClass = "stale"   // open by its source, though its last day has passed
	HeldRegress HeldClass = "regress" // its days would move from the future into the past
	HeldCrowd   HeldClass = "crowd"   // came with unusually many others
	HeldSuspect HeldClass = "suspect" // from a reading that is not believed
	HeldOther   HeldClass = "other"   // could not be read as it should
)

// HeldProof is an item in quarantine, as a reader may know of it.
type HeldProof struct {
	Source string    `json:"source"`
	Ref    string    `json:"ref"`
	Title  string    `json:"title"`
	Class  HeldClass `json:"class"`
	New    bool      `json:"new"`             // since the digest's day
	Reason string    `json:"reason"`          // for operators
	Since  string    `json:"since,omitempty"` // local day
}

// Empty tells whether the digest has no item at all.
func (d *Digest) Empty() bool { return len(d.Sections) == 0 }

// Quiet tells whether nothing happened: what the digest holds, if anything, are dates that draw near.
func (d *Digest) Quiet() bool {
	for _, s := range d.Sections {
		if s.ID != ClosingSoon && s.ID != OpeningSoon {
			return false
		}
	}
	return len(d.Baselines) == 0
}

// Subject is the subject line of the mail.
func Subject(d Digest) string { return d.Subject }
