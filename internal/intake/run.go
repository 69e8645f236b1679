package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/watch"
)

// Run is one reading of a source while it is taken in. It is the crawler's sink; [Run.Finish] or [Run.Abort]
// must end it, and nothing of the source's calls changes before Finish.
type Run struct {
	st     *store.Store
	source kind.Source
	mode   Mode
	row    store.Run
}

// Begin opens a run. While one is open, a second run of the same source is refused with [store.ErrRunning].
func Begin(ctx context.Context, st *store.Store, source kind.Source, mode Mode, at time.Time) (*Run, error) {
	row, err := st.BeginRun(ctx, source.ID, string(mode), at)
	if err != nil {
		return nil, err
	}
	return &Run{st: st, source: source, mode: mode, row: row}, nil
}

// Join gives a run that goes on elsewhere, for keeping documents of it. Whoever began it ends it.
func Join(st *store.Store, source kind.Source, id int64) *Run {
	return &Run{st: st, source: source, mode: Crawl, row: store.Run{ID: id, Source: source.ID}}
}

// ID is the number of the run's row.
func (r *Run) ID() int64 { return r.row.ID }

// Stored gives the last good document of a request key.
func (r *Run) Stored(ctx context.Context, key string) (kind.Document, bool, error) {
	d, err := r.st.Document(ctx, r.source.ID, key)
	if errors.Is(err, store.ErrNotFound) {
		return kind.Document{}, false, nil
	}
	return d, err == nil, err
}

// Answers gives the newest stored answers to a request key, those that once did not parse too.
func (r *Run) Answers(ctx context.Context, key string) ([]kind.Document, error) {
	return r.st.Answers(ctx, r.source.ID, key, maxAnswers)
}

// maxAnswers is how many stored answers are tried: a portal that fails does not fail for weeks.
const maxAnswers = 10

// Keep stores a raw document with the problem that made it useless, if there was one.
func (r *Run) Keep(ctx context.Context, d kind.Document, problem string) error {
	return r.st.KeepDocument(ctx, r.row, d, problem)
}

// Absent gives the calls that stand in the store and that a complete listing lacks, by ref.
func (r *Run) Absent(ctx context.Context, items []kind.Item) ([]call.Call, error) {
	marks, err := r.st.Standing(ctx, r.source.ID) // of hundreds a few are absent: only theirs are unpacked
	if err != nil {
		return nil, err
	}
	var absent []call.Key
	for _, m := range lacking(marks, items) {
		absent = append(absent, m.Key)
	}
	records, err := r.st.RecordsOf(ctx, absent)
	if err != nil {
		return nil, err
	}
	out := make([]call.Call, 0, len(absent))
	for _, key := range absent {
		if rec, ok := records[key]; ok { // nobody else takes calls of a source away while it is read
			out = append(out, rec.Call)
		}
	}
	return out, nil
}

// lacking gives those marks that items do not list.
func lacking(marks []store.Mark, items []kind.Item) []store.Mark {
	listed := make(map[string]bool, len(items))
	for i := range items {
		listed[items[i].Call.Ref] = true
	}
	return slices.DeleteFunc(marks, func(m store.Mark) bool { return listed[m.Key.Ref] })
}

// Finish judges what the crawler found and saves the verdict and the run in one transaction. The row that it
// gives is the run as saved; at is the time of every change.
func (r *Run) Finish(ctx context.Context, rep crawler.Report, at time.Time) (store.Run, error) {
	row := r.row
	row.Ended = rep.Ended
	row.Requests, row.NotModified, row.Bytes = rep.Requests, rep.NotModified, rep.Bytes
	row.Complete, row.Error, row.Fault = rep.Complete, rep.Err, rep.Fault
	for _, n := range rep.Notes {
		row.Notes = append(row.Notes, noteText(n))
	}
	reading, err := r.reading(ctx, rep, at)
	if err != nil {
		return r.fail(ctx, row, err)
	}
	row.Baseline = r.mode != Reparse && reading.Baseline
	v := Judge(reading)
	for i := range v.Batch.Saves {
		s := &v.Batch.Saves[i]
		s.From = rep.From[s.Call.Ref]
	}
	v.Batch.Cover = watch.Measure(rep.Items, rep.Rechecked)
	findings, err := r.findings(ctx, rep, v, at)
	if err != nil {
		return r.fail(ctx, row, err)
	}
	row.Findings = findings
	row.Seen, row.Added, row.Changed, row.Gone, row.Quarantined = v.Seen, v.Added, v.Changed, v.Gone, v.Quarantined
	row.Suspect = v.Suspect
	for _, f := range findings {
		if !slices.ContainsFunc(rep.Notes, func(n kind.Note) bool { return n.Text == f.Text }) {
			row.Notes = append(row.Notes, f.Text)
		}
	}
	if err := r.st.Commit(ctx, row, v.Batch); err != nil {
		return r.fail(ctx, row, err)
	}
	return row, nil
}

// fail ends a run of which nothing was saved, so that the source is free again, and gives the cause back.
func (r *Run) fail(ctx context.Context, row store.Run, cause error) (store.Run, error) {
	row.Complete = false
	row.Error, row.Fault = cause.Error(), kind.FaultProgram
	row.Seen, row.Added, row.Changed, row.Gone, row.Quarantined = 0, 0, 0, 0, 0
	// A cancelled run must still free its source.
	if err := r.st.EndRun(context.WithoutCancel(ctx), row); err != nil {
		return row, fmt.Errorf("%w (and the run's row could not be written: %v)", cause, err)
	}
	return row, cause
}

// Abort ends a run that came to nothing.
func (r *Run) Abort(ctx context.Context, at time.Time, cause error) (store.Run, error) {
	row := r.row
	row.Ended = at
	return r.fail(ctx, row, cause)
}

// usualFor is how long ago runs may be that a listing is compared with: fifteen of a weekly rhythm.
const usualFor = 120 * 24 * time.Hour

// findings gives what is wrong with a run, and what is different in it than in earlier ones. Only what was read to its
// end can be compared, and only a crawl says how the source is today.
func (r *Run) findings(ctx context.Context, rep crawler.Report, v Verdict, at time.Time) ([]kind.Finding, error) {
	var out []kind.Finding
	for _, n := range rep.Notes {
		if n.Gap || n.Fault != "" {
			out = append(out, kind.Finding{Fault: cmp.Or(n.Fault, kind.FaultShort), Text: n.Text})
		}
	}
	out = append(out, v.Findings...)
	if !rep.Complete || r.mode != Crawl {
		return out, nil
	}
	covered, err := r.st.Coverage(ctx, r.source.ID, at.Add(-usualFor))
	if err != nil {
		return nil, err
	}
	var earlier []watch.Coverage
	last := day(at) // of a day the latest run counts, and today's own are no earlier ones
	for _, c := range covered {
		if d := day(c.Started); d < last {
			last = d
			earlier = append(earlier, c.Coverage)
		}
	}
	for _, f := range watch.Drift(v.Batch.Cover, earlier) {
		named := func(o kind.Finding) bool { return o.Fault == f.Fault && o.Field == f.Field }
		if !slices.ContainsFunc(out, named) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (r *Run) reading(ctx context.Context, rep crawler.Report, at time.Time) (Reading, error) {
	known, err := r.known(ctx, rep.Items, rep.Listed)
	if err != nil {
		return Reading{}, err
	}
	held, err := r.st.Holds(ctx, r.source.ID)
	if err != nil {
		return Reading{}, err
	}
	rulings, err := r.st.Rulings(ctx, r.source.ID)
	if err != nil {
		return Reading{}, err
	}
	last, err := r.st.LastComplete(ctx, r.source.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Reading{}, err
	}
	baseline := errors.Is(err, store.ErrNotFound)
	if baseline {
		// Whoever imported a source's calls has read it as far as that: what is not among them is news.
		imported, err := r.imported(ctx)
		if err != nil {
			return Reading{}, err
		}
		baseline = !imported
	}
	return Reading{
		Mode: r.mode, Source: r.source, At: at, Items: rep.Items, Rechecked: rep.Rechecked, Listed: rep.Listed,
		Baseline: baseline, Again: err == nil && day(last.Started) == day(at), Known: known, Held: held, Rulings: rulings,
	}, nil
}

// known gives what Judge needs to know: the calls that items list and, of a crawl, those that stand and are not listed. A
// call that says what its item says is not read: a source lists thousands, and a day changes a few of them. Of a listing that
// says nothing about what is absent, it only counts that a call stands. Those that are over and not listed, which in the
// end are nearly all, are not looked at.
func (r *Run) known(ctx context.Context, items []kind.Item, listed bool) ([]store.Record, error) {
	refs := make([]string, len(items))
	for i := range items {
		refs[i] = items[i].Call.Ref
	}
	marks, err := r.st.Marks(ctx, r.source.ID, refs)
	if err != nil {
		return nil, err
	}
	stored := make(map[string]*store.Mark, len(marks))
	for i := range marks {
		stored[marks[i].Key.Ref] = &marks[i]
	}
	var out []store.Record
	var unlike []call.Key
	for i := range items {
		c := &items[i].Call
		m := stored[c.Ref]
		if m == nil {
			continue
		}
		delete(stored, c.Ref)                                         // one item a ref
		if hash, err := store.Hash(c); err != nil || hash != m.Hash { // what cannot be written is no like of what was
			unlike = append(unlike, m.Key)
			continue
		}
		out = append(out, m.Record(*c))
	}
	if r.mode == Crawl {
		standing, err := r.st.Standing(ctx, r.source.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range lacking(standing, items) {
			if listed {
				unlike = append(unlike, m.Key)
			} else {
				out = append(out, m.Record(call.Call{Source: m.Key.Source, Ref: m.Key.Ref}))
			}
		}
	}
	records, err := r.st.RecordsOf(ctx, unlike)
	if err != nil {
		return nil, err
	}
	for _, rec := range records {
		out = append(out, rec)
	}
	slices.SortFunc(out, func(a, b store.Record) int { return strings.Compare(a.Call.Ref, b.Call.Ref) })
	return out, nil
}

// imported tells whether calls of the source were imported before.
func (r *Run) imported(ctx context.Context) (bool, error) {
	runs, err := r.st.Runs(ctx, r.source.ID, 0)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(runs, func(x store.Run) bool { return x.Kind == string(Import) && x.Complete && x.ID != r.row.ID }), nil
}

// day is the local day of Brussels.
func day(t time.Time) string { return t.In(call.Brussels()).Format(time.DateOnly) }

func noteText(n kind.Note) string {
	text := n.Text
	if n.Ref != "" {
		text = n.Ref + ": " + text
	}
	if n.Gap {
		text = "gap: " + text
	}
	return text
}
