// Package intake decides what a reading of a source changes in the store: which calls are new, what changed
// in known ones, what is gone, and what is too strange to be believed and is held in quarantine. [Judge] is a
// pure function; [Run] carries its verdict to the store in one transaction.
//
// The rules, each answering to something that portals were seen to do:
//
//   - Absence in one crawl is nothing: paging is unstable. A call is closed when it is absent from two complete
//     listings after its last deadline, and withdrawn when it is absent from five before it. The complete listings of
//     one day in Brussels count as one, however often somebody crawls.
//   - A row that is open although its every deadline has passed is stale. Stale rows of calls that are unknown or gone
//     are held, for good; a known call that goes stale stays as it is until it leaves or is extended.
//   - A reading that would move a known call's last deadline back into the past is held for a week: portals fall
//     back to old values and return.
//   - A jump (more calls appear or vanish than the source's share allows, or stale rows come in crowds) makes the
//     run suspect: of known calls only openings and extensions are believed, and a crowd of new calls waits until
//     two later complete runs have confirmed it. Runs stay suspect while what made the first so lasts, but not for
//     ever: after a week or two it is how the source is.
package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/store"
)

const (
	// absentClosed and absentWithdrawn count complete listings without the call. Real listings were seen to
	// lose a call for up to three days in a row.
	absentClosed    = 2
	absentWithdrawn = 5
	absentDays      = 3 * 24 * time.Hour
	absentSince     = 36 * time.Hour // two runs of one morning are one look
	// jumpFloor keeps small sources from being suspect for a handful of calls.
	jumpFloor = 20
	// staleShare of the known calls is how many unknown stale rows may appear in one run.
	staleShare = 0.05
	// confirmAfter is how long a reading that is held of a known call must last to be believed, and how long a
	// crowd of stale rows makes runs suspect. The one crowd that was seen lasted five days.
	confirmAfter = 7 * 24 * time.Hour
	// lostFor is how long missing calls make runs suspect: else a source that shrank for good would never be
	// believed again.
	lostFor = 14 * 24 * time.Hour
	// confirmRuns is how many later complete runs must show a crowd of new calls.
	confirmRuns = 2
	// crowdReason begins the reason of a hold that more runs may lift.
	crowdReason = "crowd:"
	// staleCrowd begins the reason of a hold of a stale row that came with many others, staleReason of one that
	// came alone or in the first run.
	staleCrowd  = "stale crowd:"
	staleReason = "stale:"
)

// Mode says why calls are taken in.
type Mode string

// The modes. Reparse marks every change as mended: our reading changed, not the call. Import takes what it is
// given, stale or not, and says nothing about what it is not given.
const (
	Crawl   Mode = "crawl"
	Reparse Mode = "reparse"
	Import  Mode = "import"
)

// Reading is what is laid before [Judge].
type Reading struct {
	Mode      Mode
	Source    kind.Source
	At        time.Time
	Items     []kind.Item     // whole items, one a ref
	Rechecked map[string]bool // refs among Items that were looked up one by one, not listed
	Listed    bool            // the listing was complete, so that absence means something
	Baseline  bool            // no complete crawl came before, and no import
	Again     bool            // a complete run of the same day came before: what is absent or held was looked at today
	Known     []store.Record  // all that Items list; of others those that stand, without content unless Listed
	Held      []store.Hold    // what is in quarantine now
	Rulings   []store.Ruling  // what a person decided on items that were held, oldest first
}

// Verdict is what Judge comes to.
type Verdict struct {
	Batch       store.Batch
	Seen        int // items listed
	Added       int
	Changed     int // known calls with at least one change
	Gone        int // closed or withdrawn by absence
	Quarantined int // items of this reading that are held
	Suspect     bool
	Findings    []kind.Finding // why it is suspect, and what waits
}

// Judge decides what a reading changes. It is pure: equal readings give equal verdicts, in order of ref.
func Judge(in Reading) Verdict {
	j := judgement{Reading: in, known: map[string]*store.Record{}, held: map[string]store.Hold{}, kept: map[string]bool{}, ruled: map[string]store.Ruling{}}
	for _, r := range in.Rulings {
		j.ruled[r.Ref] = r
	}
	for i := range in.Known {
		j.known[in.Known[i].Call.Ref] = &in.Known[i]
	}
	for _, h := range in.Held {
		j.held[h.Ref] = h
	}
	j.out.Batch = store.Batch{Source: in.Source.ID, At: in.At}
	items := slices.Clone(in.Items)
	slices.SortStableFunc(items, func(a, b kind.Item) int { return strings.Compare(a.Call.Ref, b.Call.Ref) })
	for _, it := range items {
		if !in.Rechecked[it.Call.Ref] {
			j.out.Seen++
		}
	}
	j.weigh(items)
	listed := map[string]bool{}
	for _, it := range items {
		if !in.Rechecked[it.Call.Ref] {
			listed[it.Call.Ref] = true
		}
		j.take(it)
	}
	if in.Listed && in.Mode == Crawl {
		j.absent(listed)
		for _, h := range in.Held { // what the source no longer shows need not be held
			if !listed[h.Ref] && in.At.Sub(h.LastSeen) >= absentDays {
				j.release(h.Ref)
			}
		}
	}
	slices.SortStableFunc(j.out.Batch.Saves, func(a, b store.Save) int { return strings.Compare(a.Call.Ref, b.Call.Ref) })
	if n := j.waiting(); n > 0 {
		j.find(kind.FaultWaiting, "%d calls that came in a crowd wait until later runs confirm them", n)
	}
	return j.out
}

// waiting counts the calls of a crowd that are held after this run.
func (j *judgement) waiting() (n int) {
	for _, h := range j.out.Batch.Holds {
		if strings.HasPrefix(h.Reason, crowdReason) {
			n++
		}
	}
	return n
}

type judgement struct {
	Reading
	known map[string]*store.Record
	held  map[string]store.Hold
	ruled map[string]store.Ruling
	kept  map[string]bool // refs that are not listed, but were looked up and still stand
	crowd bool            // new calls of this run wait for confirmation
	stale bool            // stale rows come in a crowd
	out   Verdict
}

// weigh looks at the run as a whole before any of it is believed.
func (j *judgement) weigh(items []kind.Item) {
	if j.Mode != Crawl || j.Baseline {
		return
	}
	standing, missing := 0, map[string]bool{}
	for i := range j.Known {
		if r := &j.Known[i]; r.Gone.IsZero() && r.Call.Status != call.StatusClosed {
			standing++
			// A call whose deadline has passed may go; many may go on the same day.
			missing[r.Call.Ref] = !r.Call.Stale(j.At) && j.At.Sub(r.LastSeen) < lostFor
		}
	}
	fresh, stale := 0, 0
	for _, it := range items {
		h, waiting := j.held[it.Call.Ref]
		if ruling := j.ruling(it.Call); ruling != "" { // a person has looked at it
			delete(missing, it.Call.Ref)
			// That a crowd of stale rows was dropped makes the rest of the index no better: what else it says is
			// doubted as long as it would have been.
			if r := j.ruled[it.Call.Ref]; ruling == store.Dropped && strings.HasPrefix(r.Reason, staleCrowd) && j.At.Sub(r.At) < confirmAfter {
				stale++
			}
			continue
		}
		old := waiting && !(strings.HasPrefix(h.Reason, staleCrowd) && j.At.Sub(h.Since) < confirmAfter)
		known := j.known[it.Call.Ref]
		delete(missing, it.Call.Ref)
		switch {
		case known != nil && known.Gone.IsZero():
			if j.losesFuture(known.Call, it.Call) && !j.confirmed(it.Call.Ref) {
				stale++
			}
		case it.Call.Stale(j.At):
			if !old {
				stale++
			}
		case known != nil || strings.HasPrefix(h.Reason, crowdReason) || waiting && it.Hold != "":
		default:
			fresh++
		}
	}
	jump := max(jumpFloor, int(j.Source.Expect.MaxJump*float64(standing)))
	if j.Source.Expect.MaxJump <= 0 {
		jump = max(jumpFloor, standing/4)
	}
	if n := max(jumpFloor, int(staleShare*float64(standing))); stale > n {
		j.stale = true
		j.suspect(kind.FaultStale, "%d rows that are open with every deadline past came at once, today or this week (limit %d)", stale, n)
	}
	if fresh > jump {
		j.crowd = true
		j.suspect(kind.FaultJump, "%d new calls came at once, beside %d known (limit %d): held until later runs confirm them", fresh, standing, jump)
	}
	lost := 0
	for _, future := range missing {
		if future {
			lost++
		}
	}
	if j.Listed && lost > jump {
		j.suspect(kind.FaultFall, "%d of %d known calls are missing at once (limit %d)", lost, standing, jump)
	}
}

func (j *judgement) suspect(fault kind.Fault, format string, args ...any) {
	j.out.Suspect = true
	j.find(fault, "suspect: "+format, args...)
}

func (j *judgement) find(fault kind.Fault, format string, args ...any) {
	j.out.Findings = append(j.out.Findings, kind.Finding{Fault: fault, Text: fmt.Sprintf(format, args...)})
}

// ruling gives what a person decided on an item that looks as it did when it was held; empty when there is nothing.
func (j *judgement) ruling(c call.Call) store.Decision {
	if r, ok := j.ruled[c.Ref]; ok && j.Mode != Import && r.Likeness == Likeness(&c) {
		return r.Decision
	}
	return ""
}

// losesFuture tells whether a reading moves a call's last deadline back to a day that has passed. Where that deadline
// has passed itself by now, it is an old value all the same.
func (j *judgement) losesFuture(old, read call.Call) bool {
	is, ok := read.LastDeadline()
	if !ok || !is.Passed(j.At) || read.Status == call.StatusClosed {
		return false
	}
	was, ok := old.LastDeadline()
	return ok && is.Compare(was) < 0 && is.Date() != was.Date()
}

// confirmed tells whether a call has been held for so long that its reading is believed.
func (j *judgement) confirmed(ref string) bool {
	h, ok := j.held[ref]
	return ok && j.At.Sub(h.Since) >= confirmAfter
}

func (j *judgement) take(it kind.Item) {
	c := it.Call
	if err := c.Validate(); err != nil {
		j.hold(c, err.Error())
		return
	}
	known := j.known[c.Ref]
	ruling := j.ruling(c)
	if ruling == store.Dropped && known == nil {
		j.release(c.Ref)
		return
	}
	if j.Mode != Import && ruling == "" {
		if it.Hold != "" && known == nil {
			j.hold(c, it.Hold)
			return
		}
		if (known == nil || !known.Gone.IsZero() && j.Mode == Crawl) && c.Stale(j.At) {
			last, _ := c.LastDeadline()
			j.hold(c, fmt.Sprintf("%s listed as %s although its last deadline was %s", j.staleWord(c.Ref), c.Status, last.Date()))
			return
		}
		if known == nil && j.waits(c.Ref) {
			j.hold(c, crowdReason+" came together with unusually many other new calls")
			return
		}
	}
	if known == nil {
		j.add(c)
		return
	}
	j.update(known, it)
}

// staleWord begins the reason to hold a stale row. A row that is held keeps its own: those of a first run are no crowd.
func (j *judgement) staleWord(ref string) string {
	h, held := j.held[ref]
	if held && strings.HasPrefix(h.Reason, staleCrowd) || !held && j.stale {
		return staleCrowd
	}
	return staleReason
}

// waits tells whether an unknown call must be shown by more runs before it is believed: it came in a crowd. Runs of
// one morning are one look, and to read stored documents again is none.
func (j *judgement) waits(ref string) bool {
	if h, held := j.held[ref]; held && strings.HasPrefix(h.Reason, crowdReason) {
		return j.Mode != Crawl || h.Runs+1 < confirmRuns || j.At.Sub(h.Since) < absentSince
	}
	return j.crowd
}

func (j *judgement) add(c call.Call) {
	j.release(c.Ref)
	ch := j.stamp(c, call.Change{Event: call.EventNew, New: string(c.Status), Material: true})
	j.out.Added++
	j.out.Batch.Saves = append(j.out.Batch.Saves, store.Save{Call: c, Version: true, Changes: []call.Change{ch}, Seen: j.Mode != Reparse})
}

func (j *judgement) update(known *store.Record, it kind.Item) {
	ref, gone := it.Call.Ref, !known.Gone.IsZero()
	if _, held := j.held[ref]; held && j.Mode == Reparse {
		return // the stored document is the one that was not believed
	}
	seen := !j.Rechecked[ref] && j.Mode == Crawl
	read := it.Call
	if it.Hold != "" {
		read.Deadlines = nil // a row with something that cannot be read: what it shows may be a part
	}
	merged := Overlay(known.Call, read)
	// A two-stage call is closed between its stages, and portals close calls and open them again: as long as
	// a deadline lies ahead and the source still lists it, it is not closed.
	if merged.Status == call.StatusClosed && j.betweenStages(merged) {
		merged.Status = known.Call.Status
	}
	if j.Rechecked[ref] && merged.Status != call.StatusClosed {
		j.kept[ref] = true
	}
	held := false
	switch ruling := j.ruling(it.Call); {
	case ruling == store.Dropped: // as if it had been read as it is known
		merged, held = known.Call, true
		j.release(ref)
	case j.Mode == Crawl && ruling == "":
		if reason := j.incredible(known, merged); reason != "" {
			j.hold(it.Call, reason)
			merged, held = known.Call, true
		}
	}
	if !held {
		j.release(ref)
	}
	changes := Diff(known.Call, merged)
	version := len(changes) > 0
	for i := range changes {
		// What happens to a call that is over, and stays so, is history.
		if over := gone || known.Call.Stale(j.At); over && (merged.Status == call.StatusClosed || merged.Stale(j.At)) {
			changes[i].Material = false
		}
	}
	// An import tells nothing of what a source lists; only other content brings a call back.
	back := gone && !held && merged.Status != call.StatusClosed && (seen || j.Mode == Import && version)
	if back {
		// Not "open": that it is listed again says nothing about an opening.
		changes = append(changes, call.Change{Event: call.EventStatus, Field: "listed", Old: "gone", New: "listed", Material: !merged.Stale(j.At)})
	}
	if len(changes) == 0 && (known.Missed == 0 || gone || !seen) {
		if seen {
			j.out.Batch.Seen = append(j.out.Batch.Seen, ref)
		}
		return
	}
	for i := range changes {
		changes[i] = j.stamp(merged, changes[i])
	}
	save := store.Save{Call: merged, Version: version, Changes: changes, Seen: seen, Gone: known.Gone, Missed: known.Missed}
	switch {
	case back || seen && !gone:
		save.Gone, save.Missed = time.Time{}, 0
	case !seen && merged.Status == call.StatusClosed && !gone:
		save.Gone = j.At
	}
	if len(changes) > 0 {
		j.out.Changed++
	}
	j.out.Batch.Saves = append(j.out.Batch.Saves, save)
}

func (j *judgement) betweenStages(c call.Call) bool {
	_, ahead := c.NextDeadline(j.At)
	return ahead && len(c.Deadlines) > 1
}

// incredible gives the reason not to believe a reading of a known call, if there is one.
func (j *judgement) incredible(known *store.Record, read call.Call) string {
	old := known.Call
	if j.confirmed(old.Ref) {
		return ""
	}
	if j.losesFuture(old, read) {
		last, _ := read.LastDeadline()
		return fmt.Sprintf("regress: its last deadline would move back to %s", last.Date())
	}
	if !j.out.Suspect {
		return ""
	}
	if !known.Gone.IsZero() && read.Status != call.StatusClosed {
		return "suspect run: it would be listed again"
	}
	for _, ch := range Diff(old, read) {
		switch ch.Event {
		case call.EventIdentifier:
		case call.EventOpened:
			if read.Opens.Time().After(j.At) {
				return fmt.Sprintf("suspect run: it would be open before its opening day %s", read.Opens.Date())
			}
		case call.EventDeadlines:
			was, _ := old.LastDeadline()
			if is, ok := read.LastDeadline(); !ok || is.Compare(was) <= 0 {
				return fmt.Sprintf("suspect run: deadlines would change from %s to %s", ch.Old, ch.New)
			}
		default:
			if ch.Material {
				return fmt.Sprintf("suspect run: %s would change from %q to %q", ch.Field, ch.Old, ch.New)
			}
		}
	}
	return ""
}

// absent looks at the calls that a complete listing no longer shows.
func (j *judgement) absent(listed map[string]bool) {
	looked := map[string]int{}
	for i, s := range j.out.Batch.Saves {
		looked[s.Call.Ref] = i
	}
	for i := range j.Known {
		r := &j.Known[i]
		ref := r.Call.Ref
		if listed[ref] || j.kept[ref] || !r.Gone.IsZero() || r.Call.Status == call.StatusClosed {
			continue
		}
		if j.out.Suspect {
			continue // a listing that is not believed says nothing about what it lacks
		}
		if at, ok := looked[ref]; ok {
			s := &j.out.Batch.Saves[at]
			if s.Gone.IsZero() && !j.Again {
				s.Missed = r.Missed + 1
			} else if !s.Gone.IsZero() {
				j.out.Gone++
			}
			continue
		}
		if j.Again {
			continue
		}
		save := store.Save{Call: r.Call, Missed: r.Missed + 1}
		if ch, gone := j.gone(r, save.Missed); gone {
			save.Gone = j.At
			save.Changes = []call.Change{j.stamp(r.Call, ch)}
			j.out.Gone++
		}
		j.out.Batch.Saves = append(j.out.Batch.Saves, save)
	}
}

// gone decides whether a call that is missing for the n-th complete run is gone. The status that the source
// last stated is kept; readers see the call as closed because it is gone.
func (j *judgement) gone(r *store.Record, n int) (call.Change, bool) {
	last, dated := r.Call.LastDeadline()
	if dated && last.Passed(j.At) {
		return call.Change{Event: call.EventClosed, Field: "status", Old: string(r.Call.Status), New: string(call.StatusClosed)}, n >= absentClosed && j.At.Sub(r.LastSeen) >= absentSince
	}
	ch := call.Change{Event: call.EventWithdrawn, Old: cmp.Or(string(r.Call.Status), "listed"), Material: true}
	return ch, n >= absentWithdrawn && j.At.Sub(r.LastSeen) >= absentDays
}

func (j *judgement) hold(c call.Call, reason string) {
	h := store.Hold{Ref: c.Ref, Reason: reason, Call: c, Since: j.At, LastSeen: j.At}
	if was, ok := j.held[c.Ref]; ok {
		h.Since, h.Runs = was.Since, was.Runs
		if j.Listed && !j.Again {
			h.Runs++
		}
	}
	j.out.Quarantined++
	j.out.Batch.Holds = append(j.out.Batch.Holds, h)
}

func (j *judgement) release(ref string) {
	if _, ok := j.held[ref]; ok {
		j.out.Batch.Release = append(j.out.Batch.Release, ref)
	}
}

func (j *judgement) stamp(c call.Call, ch call.Change) call.Change {
	ch.At = j.At.UTC()
	ch.Source = cmp.Or(c.Source, j.Source.ID)
	ch.Ref = c.Ref
	ch.Baseline = j.Baseline && ch.Event == call.EventNew && j.Mode != Reparse
	if j.Mode == Reparse {
		ch.Mended, ch.Material = true, false
	}
	return ch
}
