package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
	heads, err := r.st.Heads(ctx, r.source.ID) // of hundreds a few are absent: only theirs are unpacked
	if err != nil {
		return nil, err
	}
	listed := make(map[string]bool, len(items))
	for _, it := range items {
		listed[it.Call.Ref] = true
	}
	var out []call.Call
	for _, h := range heads {
		if !h.Gone.IsZero() || h.Status == call.StatusClosed || listed[h.Key.Ref] {
			continue
		}
		rec, err := r.st.Record(ctx, h.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, rec.Call)
	}
	return out, nil
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
	known, err := r.st.Records(ctx, r.source.ID)
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
