package app

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/match"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// news is what happened in a stretch of the change log, and how all stood at its end, as far as that is the same for everybody. It is
// read once, however many organisations are told of it, each with its own plan, matches and decisions.
type news struct {
	day, now, end time.Time // the local day that it is of, the moment as of which it is told, and until when it counts
	top           int64     // the last line of the change log when it was read; 0 of a day
	changes       []call.Change
	groups        [][]call.Key
	readings      []reading
	held          []digest.Held
	calls         []newsCall // by key, without texts and results
	at            map[call.Key]int
}

// newsCall is a call of which may be told.
type newsCall struct {
	digest.Item
	last   int64 // the last of the changes that speak of it; 0 for none
	stands bool  // at the end: it had come, and not left its source
	soon   bool  // it stands, and draws near or is shown with others
}

// after gives the changes that come after a line of the change log.
func (n *news) after(seq int64) []call.Change { return n.changes[upTo(n.changes, seq):] }

// readStanding reads what is told of beside the changes: the calls that changed, those whose dates draw near and those that other
// sources publish too, what is held, and how the sources stand. Where a source was read for the first time, which is told by
// numbers, also all other calls that stand.
func (a *App) readStanding(ctx context.Context, n *news) error {
	var err error
	if n.groups, err = a.Store.Groups(ctx); err != nil {
		return err
	}
	if n.readings, err = a.readings(ctx, n.end); err != nil {
		return err
	}
	if n.held, err = a.heldBefore(ctx, n.end); err != nil {
		return err
	}
	last := map[call.Key]int64{}
	for i := range n.changes {
		last[n.changes[i].Key()] = n.changes[i].Seq
	}
	grouped := map[call.Key]bool{}
	for _, g := range n.groups {
		for _, k := range g {
			grouped[k] = true
		}
	}
	first, soon := firstReading(n.readings, n.changes, n.day), n.end.AddDate(0, 0, nearDays)
	n.at = map[call.Key]int{}
	return a.Store.EachRecord(ctx, func(r store.Record) error {
		c := n.callOf(&r)
		c.last = last[r.Call.Key()]
		c.soon = c.stands && (near(&r.Call, n.end, soon) || grouped[r.Call.Key()])
		if c.last > 0 || c.soon || first && c.stands {
			n.at[r.Call.Key()] = len(n.calls)
			n.calls = append(n.calls, c)
		}
		return nil
	})
}

// heldBefore gives what was in quarantine before a time.
func (a *App) heldBefore(ctx context.Context, end time.Time) ([]digest.Held, error) {
	holds, err := a.Store.Holds(ctx, "")
	var out []digest.Held
	for _, h := range holds {
		if h.Since.Before(end) {
			out = append(out, digest.Held{Key: h.Call.Key(), Title: h.Call.Title, Reason: h.Reason, Since: h.Since})
		}
	}
	return out, err
}

// callOf is a call as it stood at the end.
func (n *news) callOf(r *store.Record) newsCall {
	if !r.Gone.Before(n.end) {
		r.Gone = time.Time{} // it left later
	}
	r.Call.Text = "" // a digest quotes what the matches quoted; whole texts of thousands of calls would only be carried along
	return newsCall{Item: digest.Item{Call: r.Call, FirstSeen: r.FirstSeen, Gone: r.Gone}, stands: r.Gone.IsZero() && r.FirstSeen.Before(n.end)}
}

// dayExtras is what an organisation's digests are built from beside what happened.
type dayExtras struct {
	decisions []subscription.Decision
	reminders map[string][]subscription.Reminder // by department
	acts      bool                               // its items can be acted upon
}

// ofNews makes news ready for an organisation's digests, which tell of the changes after a line of the change log.
func (a *App) ofNews(ctx context.Context, n *news, after int64, x dayExtras) (*digest.Day, error) {
	date := n.day.Format(time.DateOnly)
	in := digest.Input{Plan: a.Plan, Date: date, Now: n.now, Changes: n.after(after), Groups: n.groups, Held: n.held,
		Sources: sourceStates(n.readings, n.day, n.now), More: a.whole(date, x.acts), Links: a.itemLinks(x.acts), Reminders: x.reminders}
	var err error
	if in.Calls, err = a.newsItems(ctx, n, after, x.decisions); err != nil {
		return nil, err
	}
	return digest.NewDay(in)
}

// newsItems gives the calls that an organisation's digest may speak of, with its matches that count: beside those that everybody
// may be told of, those that are waited for there. Of calls that only stand, those that match.
func (a *App) newsItems(ctx context.Context, n *news, after int64, decisions []subscription.Decision) ([]digest.Item, error) {
	awaited := map[call.Key]bool{}
	for _, d := range decisions {
		if waits(d) {
			awaited[d.Key] = true
		}
	}
	first := firstReading(n.readings, n.after(after), n.day)
	var out []digest.Item
	wanted := map[call.Key]bool{} // also without a match
	for i := range n.calls {
		c := &n.calls[i]
		key := c.Call.Key()
		wants := c.last > after || c.soon || c.stands && awaited[key]
		if wants || first && c.stands {
			wanted[key] = wants
			out = append(out, c.Item)
		}
	}
	for key := range awaited {
		if _, read := n.at[key]; read {
			continue
		}
		r, err := a.Store.Record(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c := n.callOf(&r); c.stands {
			wanted[key] = true
			out = append(out, c.Item)
		}
	}
	byKey := func(x, y digest.Item) int { return x.Call.Key().Compare(y.Call.Key()) }
	if !slices.IsSortedFunc(out, byKey) {
		slices.SortFunc(out, byKey)
	}
	at := make(map[call.Key]int, len(out))
	for i := range out {
		at[out[i].Call.Key()] = i
	}
	err := a.Store.EachMatchedOf(ctx, a.Plan.ID, func(k call.Key) bool { _, ok := at[k]; return ok }, func(m store.Matched) error {
		out[at[m.Key]].Results = slices.DeleteFunc(m.Results, func(r match.Result) bool { return !r.Included })
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(it digest.Item) bool { return !wanted[it.Call.Key()] && len(it.Results) == 0 }), nil
}

// tellFor is how long news are told from: jobs of many organisations follow one another, and all may tell of one moment.
const tellFor = time.Minute

// telling is news that jobs tell from, one organisation after the other.
type telling struct {
	news  *news
	about string // the day, or what mails are written of
	from  int64  // line of the change log after which they begin
	last  int64  // its last line before they were read
}

// newsFor gives the news that a job before has read, as long as nothing has changed since, or else reads them. Who calls has the
// turn.
func (w *work) newsFor(ctx context.Context, about string, from int64, read func(from int64) (*news, int64, error)) (*news, error) {
	last, err := w.Store.LastSeq(ctx)
	if err != nil {
		return nil, err
	}
	if t := w.telling; t != nil && t.about == about && t.from <= from && t.last == last {
		return t.news, nil
	}
	w.telling = nil // so that no two are held
	n, from, err := read(from)
	if err != nil {
		return nil, err
	}
	t := &telling{n, about, from, last}
	w.telling = t
	time.AfterFunc(tellFor, func() { // thousands of calls are held until then
		w.turn.Lock()
		defer w.turn.Unlock()
		if w.telling == t {
			w.telling = nil
		}
	})
	return n, nil
}

// dayFor gives a day's news for one organisation after the other.
func (w *work) dayFor(ctx context.Context, date string) (*news, error) {
	return w.newsFor(ctx, "day "+date, 0, func(int64) (*news, int64, error) {
		n, err := w.readDay(ctx, date)
		return n, 0, err
	})
}

// mailsFor gives the news of which one organisation's mails are written after the other's: they begin where any of them does.
func (w *work) mailsFor(ctx context.Context, after int64) (*news, error) {
	return w.newsFor(ctx, "mails of "+w.now().In(Stockholm()).Format(time.DateOnly), after, func(from int64) (*news, int64, error) {
		for _, o := range w.all() {
			least, err := o.leastPlace(ctx)
			if err != nil {
				return nil, 0, err
			}
			from = min(from, least)
		}
		n, err := w.readNews(ctx, from)
		return n, from, err
	})
}

// leastPlace is the line of the change log after which any of the recipients who are due has something to be told.
func (a *App) leastPlace(ctx context.Context) (int64, error) {
	after, now := int64(math.MaxInt64), a.now()
	all, err := a.Store.Recipients(ctx)
	for i := range all {
		if _, why := all[i].Due(now, Works); why == "" {
			after = min(after, place(&all[i]))
		}
	}
	return after, err
}
