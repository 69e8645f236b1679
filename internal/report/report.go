// Package report is the year's follow-up of a plan: priority by priority what came, who was told, what was decided, whether it
// was in time, and what may have been missed. It is a pure function of what it is handed; [Build] counts, the rest lays out.
//
// The rules of counting stand in the report itself, in its reader's language (locale/*.json, how_lines): whoever reads a
// figure must be able to tell what it is a figure of.
package report

import (
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/plan"
	"utkik/internal/subscription"
	"utkik/internal/watch"
)

// Input is all that a report is made of.
type Input struct {
	Plan      *plan.Plan
	Year      int
	Now       time.Time // what comes after it is not known yet
	Language  string    // sv or en; empty means sv
	Items     []Found
	Groups    [][]call.Key            // items of several sources that are the same, the best of them first
	New       map[call.Key]bool       // items that became known after their source's first complete reading
	Decisions []subscription.Decision // every one, oldest first, also those that were taken back
	Digests   []Edition               // departments' digests of days of the year
	Mails     []Edition               // that were sent in the year
	Weeded    int                     // mails sent in the year of which nobody knows any more what they said
	Sources   []Reading
}

// Found is an item that the plan's matches include somewhere, or that somebody decided about.
type Found struct {
	Call       call.Call
	FirstSeen  time.Time
	LastSeen   time.Time
	Priorities []string // that include it, in the plan's order
}

// Edition is what one digest or mail told of.
type Edition struct {
	Keys  []call.Key
	Mails int // readers that were sent it; 0 of a digest
}

// Reading is how a source was read.
type Reading struct {
	Source kind.Source
	Runs   []watch.Run // every crawl that has ended, oldest first
	Held   int         // items that were put in quarantine in the year
}

// Format names the shape of the JSON form. It changes when a key is renamed, removed or means something else.
const Format = "utkik-report/1"

// Report is the follow-up of a year. Days are local to Sweden.
type Report struct {
	Format      string       `json:"format"`
	Year        int          `json:"year"`
	From        string       `json:"from"`  // first day that is counted
	Until       string       `json:"until"` // last day that is counted
	Whole       bool         `json:"whole"` // the year is over
	Made        time.Time    `json:"made"`  // UTC
	Plan        string       `json:"plan"`
	PlanName    string       `json:"plan_name"`
	Authority   string       `json:"authority"`
	Language    string       `json:"language"`
	Total       Figures      `json:"total"`  // each item once
	Months      []int        `json:"months"` // new items by month, January first
	Priorities  []Priority   `json:"priorities"`
	Departments []Department `json:"departments"`
	Networks    []Network    `json:"networks"`
	Sources     []Source     `json:"sources"`
	Gaps        []Gap        `json:"gaps"`
	Weeded      int          `json:"weeded"` // mails of the year whose content is weeded; what they told of is not counted as mailed
	Items       []Item       `json:"items"`  // all that were counted, by last day
}

// Figures are numbers of items.
type Figures struct {
	Calls         int `json:"calls"`
	Consultations int `json:"consultations"`
	Others        int `json:"others"` // planned calls and news
	New           int `json:"new"`
	InDigest      int `json:"in_digest"`
	Mailed        int `json:"mailed"`
	Mails         int `json:"mails"`  // times that they were mailed
	Untold        int `json:"untold"` // calls and consultations that stood in no digest and no mail
	Act           int `json:"act"`
	Follow        int `json:"follow"`
	NotRelevant   int `json:"not_relevant"`
	Undecided     int `json:"undecided"`
	InTime        int `json:"in_time"` // the last day passed, and it was decided before
	Late          int `json:"late"`    // and it was decided after
	Passed        int `json:"passed"`  // and nothing was decided
}

// All is the number of items.
func (f Figures) All() int { return f.Calls + f.Consultations + f.Others }

// Decided is the number of items that were decided about.
func (f Figures) Decided() int { return f.Act + f.Follow + f.NotRelevant }

// Priority is the follow-up of one priority.
type Priority struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Networks []string `json:"networks"` // that its activities name
	Figures
}

// Department is what one department decided.
type Department struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Concerned   int    `json:"concerned"` // items of the priorities that it follows
	Act         int    `json:"act"`
	Follow      int    `json:"follow"`
	NotRelevant int    `json:"not_relevant"`
}

// Network is what concerned the priorities under which a network is named.
type Network struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Priorities    []string `json:"priorities"` // ids
	Calls         int      `json:"calls"`
	Consultations int      `json:"consultations"`
	Act           int      `json:"act"`
}

// Source is how reliable a source was.
type Source struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Runs     int     `json:"runs"`
	Complete int     `json:"complete"` // and believed
	Held     int     `json:"held"`
	New      int     `json:"new"`
	Changed  int     `json:"changed"`
	Ill      float64 `json:"days_ill"`     // days on which it was late, broken, incomplete or in quarantine
	Longest  float64 `json:"longest_days"` // the longest of such times
	Well     float64 `json:"well"`         // share of the time since it was first read; 0 when it never was
	Never    bool    `json:"never"`        // not read in the year
}

// Gap is something that may have been missed.
type Gap struct {
	Sort  string `json:"sort"` // priority, network, source, told, weeded
	ID    string `json:"id"`
	Words string `json:"words"`
}

// Timing is how an item's decision stands to its last day.
type Timing string

// The timings.
const (
	Ahead  Timing = "ahead"   // the last day is to come, or there is none
	InTime Timing = "in_time" // it passed, and it was decided before
	Late   Timing = "late"
	Passed Timing = "passed" // undecided
)

// Item is one call or consultation that was counted.
type Item struct {
	Source     string              `json:"source"`
	Ref        string              `json:"ref"`
	Also       []string            `json:"also"` // the same at other sources, source/ref
	Kind       call.Kind           `json:"kind"`
	Title      string              `json:"title"`
	Programme  string              `json:"programme"`
	URL        string              `json:"url"`
	FirstSeen  string              `json:"first_seen"` // day
	New        bool                `json:"new"`
	LastDay    string              `json:"last_day"` // empty where none is stated
	Priorities []string            `json:"priorities"`
	InDigest   bool                `json:"in_digest"`
	Mails      int                 `json:"mails"`
	Choice     subscription.Choice `json:"decision"` // none where nobody decided
	Timing     Timing              `json:"timing"`
	Decisions  []Decision          `json:"decisions"`
}

// Decision is what one department or person decided, last in the year.
type Decision struct {
	Who    string              `json:"who"` // department's or recipient's id
	Choice subscription.Choice `json:"decision"`
	Why    string              `json:"why"`
	Day    string              `json:"day"`

	at         time.Time
	department string // id; empty of a person
}
