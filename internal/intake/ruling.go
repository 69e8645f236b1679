package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"utkik/internal/call"
	"utkik/internal/store"
)

// Likeness sums up what a person saw of an item who decided on it: an item with another one has changed. Texts and
// clock times are left out, since portals stir in them without changing the call.
func Likeness(c *call.Call) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%d\n%s\n", c.Kind, c.Status, c.Title, c.Identifier, c.BudgetEUR, c.Opens.Date())
	for _, d := range c.Deadlines {
		fmt.Fprintf(h, "%s\n", d.Date())
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Rule decides on items that are held: released ones come in as their source said, and that is news of the day on which
// they do; dropped ones are left out until they change. why is the person's words. It is pure; held and known are of
// one source, and what known holds of other calls is passed over. Quarantined counts what cannot be let in.
func Rule(source string, decision store.Decision, held []store.Hold, known []store.Record, why string, at time.Time) Verdict {
	byRef := map[string]*store.Record{}
	for i := range known {
		byRef[known[i].Call.Ref] = &known[i]
	}
	out := Verdict{Batch: store.Batch{Source: source, At: at}}
	for _, h := range held {
		if decision == store.Released && h.Call.Validate() != nil {
			out.Quarantined++ // it cannot be stored as it is: only the source, or a mended parser, can let it in
			continue
		}
		out.Batch.Release = append(out.Batch.Release, h.Ref)
		out.Batch.Rulings = append(out.Batch.Rulings, store.Ruling{Ref: h.Ref, Decision: decision, Reason: h.Reason, Why: why, Likeness: Likeness(&h.Call)})
		if decision == store.Released {
			out.letIn(h.Call, byRef[h.Ref], at)
		}
	}
	return out
}

// letIn saves an item as its source said.
func (v *Verdict) letIn(c call.Call, known *store.Record, at time.Time) {
	stamp := func(ch call.Change) call.Change {
		ch.At, ch.Source, ch.Ref = at.UTC(), c.Source, c.Ref
		return ch
	}
	if known == nil {
		v.Added++
		v.Batch.Saves = append(v.Batch.Saves, store.Save{Call: c, Version: true, Seen: true,
			Changes: []call.Change{stamp(call.Change{Event: call.EventNew, New: string(c.Status), Material: true})}})
		return
	}
	merged := Overlay(known.Call, c)
	save := store.Save{Call: merged, Gone: known.Gone, Missed: known.Missed}
	for _, ch := range Diff(known.Call, merged) {
		save.Changes = append(save.Changes, stamp(ch))
	}
	save.Version = len(save.Changes) > 0
	if !known.Gone.IsZero() && merged.Status != call.StatusClosed {
		save.Gone, save.Missed = time.Time{}, 0
		save.Changes = append(save.Changes, stamp(call.Change{Event: call.EventStatus, Field: "listed", Old: "gone", New: "listed", Material: true}))
	}
	if len(save.Changes) > 0 {
		v.Changed++
		v.Batch.Saves = append(v.Batch.Saves, save)
	}
}
