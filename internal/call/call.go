// Package call is what Europe publishes: calls for proposals, consultations, planned calls and news,
// in the words that the field uses. It is vocabulary: it imports the standard library only, and its
// methods are questions, not actions.
package call

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Kind says what sort of thing was published.
type Kind string

// The kinds of items that sources publish.
const (
	KindCall         Kind = "call"         // money to apply for
	KindConsultation Kind = "consultation" // a question that anybody may answer
	KindPlanned      Kind = "planned"      // a call that is announced in a timetable, before it is forthcoming
	KindNews         Kind = "news"         // a notice that asks nothing of the reader
)

// Validate tells whether k is one of the known kinds.
func (k Kind) Validate() error {
	switch k {
	case KindCall, KindConsultation, KindPlanned, KindNews:
		return nil
	}
	return fmt.Errorf("kind %q is none of call, consultation, planned, news", string(k))
}

// Status is where an item stands, as its source says.
type Status string

// The statuses. An item whose source states none has the empty status.
const (
	StatusForthcoming Status = "forthcoming"
	StatusOpen        Status = "open"
	StatusClosed      Status = "closed"
)

// Validate tells whether s is one of the known statuses or empty.
func (s Status) Validate() error {
	switch s {
	case "", StatusForthcoming, StatusOpen, StatusClosed:
		return nil
	}
	return fmt.Errorf("status %q is none of forthcoming, open, closed", string(s))
}

// Key identifies a call for good: the source and the source's own stable id, never the title and never
// the topic code, which portals rename.
type Key struct {
	Source string // id of the source, such as ft-portal
	Ref    string // the source's stable id, such as 50138952TOPICS
}

func (k Key) String() string { return k.Source + "/" + k.Ref }

// ParseKey reads what Key.String writes.
func ParseKey(s string) (Key, error) {
	source, ref, ok := strings.Cut(s, "/")
	if !ok || source == "" || ref == "" {
		return Key{}, fmt.Errorf("key %q: want source/ref", s)
	}
	return Key{source, ref}, nil
}

// Path is the key as the end of an address. Slashes of a ref stay slashes where they may: some proxies refuse escaped ones.
func (k Key) Path() string {
	ref := (&url.URL{Path: k.Ref}).EscapedPath()
	if path.Clean("/"+k.Ref) != "/"+k.Ref || strings.Contains(k.Ref, ":") {
		ref = url.PathEscape(k.Ref)
	}
	return url.PathEscape(k.Source) + "/" + ref
}

// Compare orders keys by source, then ref.
func (k Key) Compare(o Key) int {
	return cmp.Or(strings.Compare(k.Source, o.Source), strings.Compare(k.Ref, o.Ref))
}

// Call is one published item, with everything that its source says of it. Its JSON form is the exchange
// format (see [Decode]): one object a line, empty fields left out.
type Call struct {
	Source        string   `json:"source"`
	Ref           string   `json:"ref"`
	Kind          Kind     `json:"kind"`
	Title         string   `json:"title,omitempty"`
	Programme     string   `json:"programme,omitempty"` // short name, such as HORIZON, CEF, LIFE
	Call          string   `json:"call,omitempty"`      // code of the call that the topic belongs to
	Identifier    string   `json:"identifier,omitempty"`
	Status        Status   `json:"status,omitempty"`
	Opens         Moment   `json:"opens,omitzero"`
	Deadlines     []Moment `json:"deadlines,omitempty"`      // in order of time; stages or cut-offs, see DeadlineModel
	DeadlineModel string   `json:"deadline_model,omitempty"` // single-stage, two-stage or multiple cut-off
	ActionTypes   []string `json:"action_types,omitempty"`
	BudgetEUR     int64    `json:"budget_eur,omitempty"` // whole euros for this item; 0 when not stated
	Language      string   `json:"language,omitempty"`   // of title and text, BCP 47
	Text          string   `json:"text,omitempty"`       // plain text, paragraphs apart by an empty line
	URL           string   `json:"url,omitempty"`        // for people
	Topics        []string `json:"topics,omitempty"`     // the source's keywords or policy areas

	CallTitle   string   `json:"call_title,omitempty"`           // title of the call that the topic belongs to
	ParentTitle string   `json:"parent_title,omitempty"`         // of a cascade call: title of the topic that funds it
	Project     string   `json:"project,omitempty"`              // of a cascade call: acronym of the project that runs it
	Divisions   []string `json:"divisions,omitempty"`            // parts of the programme, coarse to fine, as labels
	Grants      int      `json:"grants,omitempty"`               // number of grants expected; 0 when not stated
	MinEUR      int64    `json:"contribution_min_eur,omitempty"` // per grant; 0 when not stated
	MaxEUR      int64    `json:"contribution_max_eur,omitempty"`
	Eligible    string   `json:"eligible,omitempty"` // who may apply, in the source's words

	Expected     string        `json:"expected,omitempty"`     // when it will open, in words, where no day is stated: Q1 2027
	Translations []Translation `json:"translations,omitempty"` // its title in languages other than Language, one each, by language
	Stages       []Stage       `json:"stages,omitempty"`       // of a consultation: each time that it asks, in order of time; Opens and Deadlines are those that count now
	Links        []Link        `json:"links,omitempty"`        // documents and pages that its source names beside it
}

// Translation is what a source says of an item in another language.
type Translation struct {
	Language string `json:"language"` // BCP 47
	Title    string `json:"title"`
}

// Stage is one time at which an item asks, asked or will ask something of its readers.
type Stage struct {
	Name   string `json:"name"` // in the source's words, such as Call for evidence
	Opens  Moment `json:"opens,omitzero"`
	Closes Moment `json:"closes,omitzero"`
}

// Link is an address with its title, which may be empty.
type Link struct {
	Title string `json:"title,omitempty"`
	URL   string `json:"url"`
}

// Key gives the identity of c.
func (c *Call) Key() Key { return Key{c.Source, c.Ref} }

// Validate tells what makes c unfit to be kept; all of it at once, nil when nothing does.
func (c *Call) Validate() error {
	var bad []string
	if c.Source == "" {
		bad = append(bad, "source is missing")
	}
	if c.Ref == "" {
		bad = append(bad, "ref is missing")
	}
	if strings.Contains(c.Source, "/") {
		bad = append(bad, fmt.Sprintf("source %q holds a slash", c.Source))
	}
	if err := c.Kind.Validate(); err != nil {
		bad = append(bad, err.Error())
	}
	if err := c.Status.Validate(); err != nil {
		bad = append(bad, err.Error())
	}
	if c.BudgetEUR < 0 || c.MinEUR < 0 || c.MaxEUR < 0 || c.Grants < 0 {
		bad = append(bad, "an amount is negative")
	}
	if len(bad) > 0 {
		return fmt.Errorf("call %s: %s", c.Key(), strings.Join(bad, "; "))
	}
	return nil
}

// TitleIn gives the title in a reader's language where the source has it in that language, and else as it is;
// with the language that it is in.
func (c *Call) TitleIn(language string) (title, in string) {
	if language != c.Language {
		for _, t := range c.Translations {
			if t.Language == language && t.Title != "" {
				return t.Title, t.Language
			}
		}
	}
	return c.Title, c.Language
}

// NextDeadline gives the first deadline that has not passed at now.
func (c *Call) NextDeadline(now time.Time) (Moment, bool) {
	for _, d := range c.Deadlines {
		if !d.IsZero() && !d.Passed(now) {
			return d, true
		}
	}
	return Moment{}, false
}

// LastDeadline gives the latest deadline, if there is any.
func (c *Call) LastDeadline() (Moment, bool) {
	if len(c.Deadlines) == 0 {
		return Moment{}, false
	}
	last := slices.MaxFunc(c.Deadlines, Moment.Compare)
	return last, !last.IsZero()
}

// Stale tells whether the source lists c as open or forthcoming although its every deadline has passed
// at now. Portals leave such rows standing for days and sometimes for years.
func (c *Call) Stale(now time.Time) bool {
	last, ok := c.LastDeadline()
	return ok && c.Status != StatusClosed && last.Passed(now)
}

// StatusAt is the status that a reader should see at now: the source's, except that an item whose every
// deadline has passed is closed whatever its source still says.
func (c *Call) StatusAt(now time.Time) Status {
	if c.Stale(now) {
		return StatusClosed
	}
	return c.Status
}
