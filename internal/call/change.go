package call

import (
	"fmt"
	"time"
)

// Event is what happened to a call.
type Event string

// The events of the change log.
const (
	EventNew        Event = "new"        // seen for the first time
	EventOpened     Event = "opened"     // forthcoming became open
	EventClosed     Event = "closed"     // the source closed it, or it left a complete listing after its last deadline
	EventDeadlines  Event = "deadlines"  // a deadline's day moved, came or went
	EventBudget     Event = "budget"     // the budget or the contribution per grant
	EventTitle      Event = "title"      // the title's words
	EventText       Event = "text"       // the text's words, or another field's that has no event of its own
	EventOpens      Event = "opens"      // the opening day moved
	EventStatus     Event = "status"     // another change of status, such as closed to open
	EventIdentifier Event = "identifier" // the source renamed it
	EventWithdrawn  Event = "withdrawn"  // it left the source before its deadline
)

// Validate tells whether e is one of the known events.
func (e Event) Validate() error {
	switch e {
	case EventNew, EventOpened, EventClosed, EventDeadlines, EventBudget, EventTitle, EventText,
		EventOpens, EventStatus, EventIdentifier, EventWithdrawn:
		return nil
	}
	return fmt.Errorf("event %q is not one of the change log's", string(e))
}

// Change is one line of the change log. A row is never altered once it is written.
type Change struct {
	Seq      int64     `json:"seq"` // order of the log; gaps are possible
	At       time.Time `json:"at"`  // when the program saw it, UTC
	Source   string    `json:"source"`
	Ref      string    `json:"ref"`
	Event    Event     `json:"event"`
	Field    string    `json:"field"` // of the exchange format; empty for new and withdrawn
	Old      string    `json:"old"`   // as text; days separated by ", "; empty when nothing was stated
	New      string    `json:"new"`
	Material bool      `json:"material"`           // worth a line in a digest; the rest is history only
	Baseline bool      `json:"baseline,omitempty"` // seen in the first complete run of its source: new to us, not to the world
	Mended   bool      `json:"mended,omitempty"`   // our reading was mended; the call itself did not change
}

// Key gives the identity of the call that changed.
func (c *Change) Key() Key { return Key{c.Source, c.Ref} }
