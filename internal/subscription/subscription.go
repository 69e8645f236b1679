// Package subscription is who is told, of what, and when: recipients, what they follow, what was decided about a
// call, and the rules of their rhythm. It is vocabulary with rules: it has no store, no clock and no plan.
package subscription

import (
	"cmp"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"utkik/internal/call"
)

// Recipient is a department or a person who is sent mail: one mail at a time for everything that it follows.
type Recipient struct {
	ID         string         `json:"id"` // such as kultur; part of every key in the outbox
	Address    string         `json:"address"`
	Name       string         `json:"name"`                 // as it stands in the mail's heading
	Department string         `json:"department,omitempty"` // of the plan; its decisions are the recipient's too
	Language   string         `json:"language"`             // sv or en
	Zone       string         `json:"zone"`                 // whose clock Hour is on, such as Europe/Stockholm
	Hour       int            `json:"hour"`                 // from then on a day's mail may leave, 0 to 23
	Rhythm     Rhythm         `json:"rhythm"`
	Weekday    Weekday        `json:"weekday,omitempty"` // of a weekly mail
	Lifesign   bool           `json:"sign_of_life"`      // a mail a month even when nothing came, so that silence is known to be silence
	Pause      Pause          `json:"pause,omitzero"`
	Follows    []Subscription `json:"follows"`

	Suspended Suspension `json:"suspended,omitzero"` // of Address; set by what the mail server answers
	Progress  Progress   `json:"-"`
}

// Rhythm is how often a recipient is written to.
type Rhythm string

// The rhythms. Each keeps to working days: what falls on another is sent on the next one.
const (
	Daily   Rhythm = "daily"
	Weekly  Rhythm = "weekly"  // on a chosen day
	Monthly Rhythm = "monthly" // on the month's first working day
)

// Validate tells whether r is one of the rhythms.
func (r Rhythm) Validate() error {
	switch r {
	case Daily, Weekly, Monthly:
		return nil
	}
	return fmt.Errorf("rhythm %q is none of daily, weekly, monthly", string(r))
}

// Weekday is the day of a weekly mail, empty for the other rhythms.
type Weekday string

var weekdays = []Weekday{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// Validate tells whether w is a day of the week or empty.
func (w Weekday) Validate() error {
	if w != "" && !slices.Contains(weekdays, w) {
		return fmt.Errorf("weekday %q is none of %s", string(w), "monday, tuesday, wednesday, thursday, friday, saturday, sunday")
	}
	return nil
}

// Pause keeps a recipient's mail back. With a stand-in it goes there meanwhile; without one nothing is told, and the
// first mail after the pause tells it all.
type Pause struct {
	Until   string `json:"until"`              // the first day on which mail comes again, 2026-08-10
	StandIn string `json:"stand_in,omitempty"` // an address
}

// Never is until when a recipient is paused that has unsubscribed: it is written to again only when it asks for it.
const Never = "9999-12-31"

// Suspension says that a mail server refused an address for good.
type Suspension struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// Is tells whether there is a suspension.
func (s Suspension) Is() bool { return !s.Since.IsZero() }

// Progress is how far a recipient has been told.
type Progress struct {
	Cursor  int64     // seq of the change log through which it has been told
	Waiting []int64   // seqs up to Cursor that were held back with their item, to be told when it is free
	Period  string    // local day of the latest period that was dealt with, told or empty
	Mailed  time.Time // when the latest mail was written, or when the recipient was added
}

// Subscription is one thing that a recipient follows. An item is hit when it fits every part that is given; of
// a part's values one is enough. Priorities and departments are one part: a department stands for its priorities.
type Subscription struct {
	Name        string      `json:"name,omitempty"` // what the recipient calls it
	Departments []string    `json:"departments,omitempty"`
	Priorities  []string    `json:"priorities,omitempty"`
	Programmes  []string    `json:"programmes,omitempty"` // compared without regard to case
	Kinds       []call.Kind `json:"kinds,omitempty"`
	Search      string      `json:"search,omitempty"` // in the query language, doc/query.md
}

// Empty tells whether nothing is followed, which would hit everything.
func (s *Subscription) Empty() bool {
	return len(s.Departments) == 0 && len(s.Priorities) == 0 && len(s.Programmes) == 0 && len(s.Kinds) == 0 && s.Search == ""
}

// String writes s in the form that [Parse] reads.
func (s Subscription) String() string {
	var parts []string
	list := func(key string, values []string) {
		if len(values) > 0 {
			for i, v := range values {
				if strings.ContainsAny(v, " ,\"") {
					values = slices.Clone(values)
					values[i] = `"` + v + `"`
				}
			}
			parts = append(parts, key+":"+strings.Join(values, ","))
		}
	}
	list("department", s.Departments)
	list("priority", s.Priorities)
	list("programme", s.Programmes)
	kinds := make([]string, len(s.Kinds))
	for i, k := range s.Kinds {
		kinds[i] = string(k)
	}
	list("kind", kinds)
	if s.Search != "" {
		parts = append(parts, "search:"+s.Search)
	}
	out := strings.Join(parts, " ")
	if s.Name != "" {
		out = s.Name + " = " + out
	}
	return out
}

var (
	partPattern = regexp.MustCompile(`^(department|priority|programme|kind):((?:"[^"]*"|[^\s",]+)(?:,(?:"[^"]*"|[^\s",]+))*)(?:\s+|$)`)
	itemPattern = regexp.MustCompile(`"[^"]*"|[^",]+`)
	namePattern = regexp.MustCompile(`^([^:="]+?)\s+=\s+`)
)

// Parse reads what a person types: parts such as "priority:kultur,miljo-klimat kind:consultation", with "search:" and
// a query last, and a name before " = " if it should have one.
func Parse(text string) (Subscription, error) {
	var s Subscription
	rest := strings.TrimSpace(text)
	if m := namePattern.FindStringSubmatch(rest); m != nil {
		s.Name, rest = m[1], rest[len(m[0]):]
	}
	for rest != "" {
		if query, ok := strings.CutPrefix(rest, "search:"); ok {
			s.Search = strings.TrimSpace(query)
			if s.Search == "" {
				return s, fmt.Errorf("%q: search: is without a query", text)
			}
			break
		}
		m := partPattern.FindStringSubmatch(rest)
		if m == nil {
			return s, fmt.Errorf("%q: at %q: want department:ID, priority:ID, programme:NAME or kind:KIND, several with commas, and search:QUERY last", text, rest)
		}
		rest = rest[len(m[0]):]
		for _, v := range itemPattern.FindAllString(m[2], -1) {
			v = strings.Trim(v, `"`)
			switch m[1] {
			case "department":
				s.Departments = append(s.Departments, v)
			case "priority":
				s.Priorities = append(s.Priorities, v)
			case "programme":
				s.Programmes = append(s.Programmes, v)
			case "kind":
				s.Kinds = append(s.Kinds, call.Kind(v))
			}
		}
	}
	if s.Empty() {
		return s, fmt.Errorf("%q follows nothing: want department:ID, priority:ID, programme:NAME, kind:KIND or search:QUERY", text)
	}
	return s, nil
}

// Known is what recipients are checked against. A nil function knows everything.
type Known struct {
	Department func(id string) bool
	Priority   func(id string) bool
	Query      func(text string) error
}

// Problem is one thing that makes a recipient unfit, by its key in the recipients' file.
type Problem struct{ Key, Text string }

var idPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const (
	maxID   = 64
	maxName = 200 // letters
)

// Check tells everything that makes r unfit to be kept.
func (r *Recipient) Check(k Known) []Problem {
	var out []Problem
	want := func(key string, so bool, format string, args ...any) {
		if !so {
			out = append(out, Problem{key, fmt.Sprintf(format, args...)})
		}
	}
	fit := func(key string, err error) {
		if err != nil {
			out = append(out, Problem{key, err.Error()})
		}
	}
	want("id", idPattern.MatchString(r.ID) && len(r.ID) <= maxID, "want small letters, digits and single hyphens, at most %d, got %q", maxID, r.ID)
	fit("address", CheckAddress(r.Address))
	want("name", r.Name != "" && oneLine(r.Name) && len([]rune(r.Name)) <= maxName, "want a name on one line, at most %d letters, got %q", maxName, shown(r.Name))
	want("department", r.Department == "" || k.Department == nil || k.Department(r.Department), "no department %q in the plan; `utkik plan show` lists them", r.Department)
	want("language", r.Language == "sv" || r.Language == "en", "want sv or en, got %q", r.Language)
	_, err := r.location()
	want("zone", err == nil, "want a time zone such as Europe/Stockholm, got %q", r.Zone)
	want("hour", r.Hour >= 0 && r.Hour <= 23, "want 0 to 23, got %d", r.Hour)
	fit("rhythm", r.Rhythm.Validate())
	fit("weekday", r.Weekday.Validate())
	want("weekday", r.Rhythm != Weekly || r.Weekday != "", "missing; a weekly mail needs a day, such as monday")
	want("weekday", r.Rhythm == Weekly || r.Weekday == "", "only a weekly mail has a day")
	if r.Pause.Until != "" {
		_, err := time.Parse(time.DateOnly, r.Pause.Until)
		want("paused_until", err == nil, "want a day such as 2026-08-10, got %q", r.Pause.Until)
	}
	want("stand_in", r.Pause.StandIn == "" || r.Pause.Until != "", "there is a stand-in, but no day until which the pause lasts")
	if r.Pause.StandIn != "" {
		fit("stand_in", CheckAddress(r.Pause.StandIn))
		want("stand_in", !strings.EqualFold(r.Pause.StandIn, r.Address), "is the recipient's own address")
	}
	want("follows", len(r.Follows) > 0, "missing; a recipient who follows nothing is told nothing")
	for i := range r.Follows {
		for _, p := range r.Follows[i].check(k) {
			p.Key = strings.TrimSuffix(fmt.Sprintf("follows[%d].%s", i, p.Key), ".")
			out = append(out, p)
		}
	}
	return out
}

func (s *Subscription) check(k Known) []Problem {
	var out []Problem
	want := func(key string, so bool, format string, args ...any) {
		if !so {
			out = append(out, Problem{key, fmt.Sprintf(format, args...)})
		}
	}
	want("", !s.Empty(), "follows nothing: give departments, priorities, programmes, kinds or search")
	want("name", oneLine(s.Name) && len([]rune(s.Name)) <= maxName, "want a name on one line, at most %d letters, got %q", maxName, shown(s.Name))
	for _, d := range s.Departments {
		want("departments", k.Department == nil || k.Department(d), "no department %q in the plan; `utkik plan show` lists them", d)
	}
	for _, p := range s.Priorities {
		want("priorities", k.Priority == nil || k.Priority(p), "no priority %q in the plan; `utkik plan show` lists them", p)
	}
	for _, p := range s.Programmes {
		want("programmes", p != "" && oneLine(p), "want the short name of a programme, such as CEF, got %q", shown(p))
	}
	for _, kind := range s.Kinds {
		if err := kind.Validate(); err != nil {
			out = append(out, Problem{"kinds", err.Error()})
		}
	}
	if s.Search != "" && k.Query != nil {
		if err := k.Query(s.Search); err != nil {
			out = append(out, Problem{"search", fmt.Sprintf("%q: %v", shown(s.Search), err)})
		}
	}
	return out
}

// CheckAddress tells why mail cannot be sent to an address. A line break in one would let it write headers of
// its own, and letters outside ASCII are not carried by every server.
func CheckAddress(address string) error {
	a, err := mail.ParseAddress(address)
	switch {
	case address == "":
		return fmt.Errorf("missing; want an address such as kultur@example.org")
	case strings.IndexFunc(address, unicode.IsControl) >= 0:
		return fmt.Errorf("address %q holds a line break or another control character", shown(address))
	case strings.IndexFunc(address, func(r rune) bool { return r > unicode.MaxASCII }) >= 0:
		return fmt.Errorf("address %q holds letters outside ASCII; write the domain in its xn-- form", shown(address))
	case err != nil || a.Address != address || len(address) > 254 || strings.ContainsAny(address, " \t\"<>"):
		return fmt.Errorf("want an address such as kultur@example.org, got %q", shown(address))
	}
	return nil
}

func oneLine(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || !unicode.IsPrint(r) && !unicode.IsSpace(r) }) < 0
}

// shown is a value cut to what a message can hold.
func shown(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// Choice is what was decided about a call.
type Choice string

// The choices.
const (
	Follow      Choice = "follow"       // tell us what happens to it
	Act         Choice = "act"          // we take this one
	NotRelevant Choice = "not-relevant" // tell us no more of it
	Undecided   Choice = "none"         // an earlier decision is taken back
)

// Validate tells whether c is one of the choices.
func (c Choice) Validate() error {
	switch c {
	case Follow, Act, NotRelevant, Undecided:
		return nil
	}
	return fmt.Errorf("decision %q is none of follow, act, not-relevant, none", string(c))
}

// Decision is what a department or a recipient decided about a call. A later one takes its place; none is altered.
type Decision struct {
	Key        call.Key
	Department string // either this
	Recipient  string // or this
	Choice     Choice
	Why        string // required for not-relevant: it is what the year's report and the plan learn from
	Who        string // a role or a name, as given
	At         time.Time
}

// Check tells why d cannot be kept; nil when it can.
func (d *Decision) Check() error {
	switch {
	case (d.Department == "") == (d.Recipient == ""):
		return fmt.Errorf("decision about %s: want a department or a recipient, one of them", d.Key)
	case d.Choice == NotRelevant && strings.TrimSpace(d.Why) == "":
		return fmt.Errorf("decision about %s: not-relevant needs a reason", d.Key)
	case !oneLine(d.Why) || !oneLine(d.Who) || len(d.Why) > 2000 || len(d.Who) > maxName:
		return fmt.Errorf("decision about %s: reason and name go on one line each, at most 2000 and %d letters", d.Key, maxName)
	}
	return d.Choice.Validate()
}

// Compare orders recipients by id.
func (r *Recipient) Compare(o *Recipient) int { return cmp.Compare(r.ID, o.ID) }
