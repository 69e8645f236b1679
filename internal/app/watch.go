package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/intake"
	"utkik/internal/store"
	"utkik/internal/watch"
	"utkik/internal/web"
)

// judgedRuns is how many runs of a source its state is judged by. A state that has lasted longer is told to be that old.
const judgedRuns = 400

// SourceStatus is how a source stands.
type SourceStatus struct {
	Source kind.Source
	watch.Status
	Last  store.Run      // the latest crawl that has ended, if there was one
	Falls []kind.Finding // how its latest complete crawl differs from earlier ones
	Held  int
}

// Sources says how the source stands, or every source by id when none is named.
func (a *App) Sources(ctx context.Context, id string) ([]SourceStatus, error) {
	var out []SourceStatus
	for _, src := range a.Config.Sources() {
		if id != "" && src.ID != id {
			continue
		}
		runs, err := a.crawls(ctx, src.ID, a.now())
		if err != nil {
			return nil, err
		}
		st := SourceStatus{Source: src, Status: watch.Judge(src, watched(runs), a.now())}
		if n := len(runs); n > 0 {
			st.Last = runs[n-1]
		}
		for _, r := range slices.Backward(runs) {
			if r.Complete {
				st.Falls = drifted(r.Findings)
				break
			}
		}
		holds, err := a.Store.Holds(ctx, src.ID)
		if err != nil {
			return nil, err
		}
		st.Held = len(holds)
		out = append(out, st)
	}
	return out, nil
}

// drifted gives the findings that come from comparing a run with earlier ones.
func drifted(all []kind.Finding) []kind.Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f kind.Finding) bool {
		return !slices.Contains([]kind.Fault{kind.FaultJump, kind.FaultFall, kind.FaultVanished, kind.FaultThin}, f.Fault)
	})
}

// crawls gives the crawls of a source that had ended by a time, oldest first. Reading stored documents again, an import
// or a decision is no reading of the source, and must not hide that the last one failed.
func (a *App) crawls(ctx context.Context, source string, until time.Time) ([]store.Run, error) {
	runs, err := a.Store.Runs(ctx, source, judgedRuns)
	if err != nil {
		return nil, err
	}
	return ended(runs, until), nil
}

func ended(runs []store.Run, until time.Time) []store.Run {
	runs = slices.DeleteFunc(runs, func(r store.Run) bool {
		return r.Kind != string(intake.Crawl) || r.Ended.IsZero() || r.Started.After(until)
	})
	slices.Reverse(runs)
	return runs
}

func watched(runs []store.Run) []watch.Run {
	out := make([]watch.Run, len(runs))
	for i, r := range runs {
		out[i] = watch.Run{Started: r.Started, Ended: r.Ended, Complete: r.Complete, Suspect: r.Suspect, Seen: r.Seen, Added: r.Added,
			Changed: r.Changed, Error: r.Error, Findings: r.Findings}
	}
	return out
}

// Watch looks at how every source stands, and notes what the operator should know: what has been wrong for as long as
// operator.after says, and that it is mended.
func (a *App) Watch(ctx context.Context) error {
	open, err := a.Store.Notices(ctx)
	if err != nil {
		return err
	}
	keys := make([]string, len(open))
	for i, n := range open {
		keys[i] = n.Key
	}
	for _, src := range a.Config.Sources() {
		runs, err := a.crawls(ctx, src.ID, a.now())
		if err != nil {
			return err
		}
		spells := watch.History(src, watched(runs), a.now())
		for _, n := range watch.Standing(src.ID, spells, a.Config.Operator.After, a.now()) {
			if !slices.Contains(keys, n.Key) {
				a.log.WarnContext(ctx, "notice", "source", src.ID, "since", n.Since, "text", n.Text)
			} else if slices.ContainsFunc(open, func(o store.Notice) bool { return o.Key == n.Key && o.Text == n.Text }) {
				continue // nothing to write
			}
			if err := a.Store.RaiseNotice(ctx, n.Key, n.Text, n.Since); err != nil {
				return err
			}
		}
		for _, key := range watch.Mended(src.ID, spells, keys) {
			a.log.InfoContext(ctx, "notice mended", "source", src.ID, "key", key)
			if err := a.Store.MendNotice(ctx, key, a.now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Due gives which of the named sources, or of all enabled ones, are to be read now by their rhythm.
func (a *App) Due(ctx context.Context, ids []string) ([]string, error) {
	hours, err := watch.ParseHours(a.Config.Crawler.Hours)
	if err != nil {
		return nil, err
	}
	sources, err := a.sources(ids)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, src := range sources {
		last, err := a.lastRead(ctx, src.ID)
		if err != nil {
			return nil, err
		}
		src.Enabled = true // it is, or it was named
		if watch.Due(src, last, hours, a.now()) {
			out = append(out, src.ID)
		}
	}
	return out, nil
}

// lastRead is when the latest crawl of a source began, zero when there was none.
func (a *App) lastRead(ctx context.Context, source string) (time.Time, error) {
	for _, most := range []int{5, judgedRuns} { // asked each minute, of every source: the latest is nearly always a crawl
		runs, err := a.Store.Runs(ctx, source, most)
		if err != nil {
			return time.Time{}, err
		}
		for _, r := range runs {
			if r.Kind == string(intake.Crawl) {
				return r.Started, nil
			}
		}
		if len(runs) < most {
			break
		}
	}
	return time.Time{}, nil
}

// NotHeldError says that what was to be released or dropped is not in quarantine.
type NotHeldError struct{ Source, Which string }

func (e *NotHeldError) Error() string {
	return fmt.Sprintf("source %s holds nothing %s; `utkik sources %s` lists what it holds", e.Source, e.Which, e.Source)
}

// Rule decides on items in quarantine: those of the refs, or all whose reason begins with reason. Released ones come in as
// their source said, and are news of today; dropped ones are left out until they change. It gives what was decided on, and
// of released ones those that are held all the same, since they cannot be stored.
func (a *App) Rule(ctx context.Context, source string, decision store.Decision, refs []string, reason, why string) (done, left []store.Hold, err error) {
	if err := decision.Validate(); err != nil {
		return nil, nil, err
	}
	at := a.now()
	run, err := a.Store.BeginRun(ctx, source, string(decision), at) // no crawl meanwhile: it would not know of the decision
	if err != nil {
		return nil, nil, err
	}
	give := func(err error) ([]store.Hold, []store.Hold, error) {
		run.Error, run.Fault = err.Error(), kind.FaultProgram
		return nil, nil, errors.Join(err, a.Store.EndRun(context.WithoutCancel(ctx), run))
	}
	all, err := a.Store.Holds(ctx, source)
	if err != nil {
		return give(err)
	}
	held := slices.DeleteFunc(all, func(h store.Hold) bool {
		if len(refs) > 0 {
			return !slices.Contains(refs, h.Ref)
		}
		return !strings.HasPrefix(h.Reason, reason)
	})
	for _, ref := range refs {
		if !slices.ContainsFunc(held, func(h store.Hold) bool { return h.Ref == ref }) {
			return give(&NotHeldError{source, "by the ref " + ref})
		}
	}
	if len(held) == 0 {
		return give(&NotHeldError{source, fmt.Sprintf("for a reason that begins with %q", reason)})
	}
	var known []store.Record
	for _, h := range held {
		rec, err := a.Store.Record(ctx, call.Key{Source: source, Ref: h.Ref})
		if err == nil {
			known = append(known, rec)
		} else if !errors.Is(err, store.ErrNotFound) {
			return give(err)
		}
	}
	v := intake.Rule(source, decision, held, known, why, at)
	run.Ended, run.Complete, run.Added, run.Changed, run.Quarantined = a.now(), true, v.Added, v.Changed, v.Quarantined
	if err := a.Store.Commit(ctx, run, v.Batch); err != nil {
		return give(err)
	}
	for _, h := range held {
		if slices.Contains(v.Batch.Release, h.Ref) {
			done = append(done, h)
		} else {
			left = append(left, h)
		}
	}
	return done, left, nil
}

// standing tells the pages how sources stand, and when each is read next.
func (a *App) standing(ctx context.Context, id string) ([]web.Standing, error) {
	all, err := a.Sources(ctx, id)
	if err != nil {
		return nil, err
	}
	hours, err := watch.ParseHours(a.Config.Crawler.Hours)
	if err != nil {
		return nil, err // unreachable: the configuration was checked
	}
	out := make([]web.Standing, len(all))
	for i, st := range all {
		out[i] = web.Standing{Source: st.Source, Status: st.Status, Last: st.Last, Gaps: st.Falls, Held: st.Held}
		if !st.Source.Enabled || st.Last.Started.IsZero() {
			continue
		}
		if next := watch.Next(st.Source, st.Last.Started, hours); next.After(a.now()) {
			out[i].Next = next
		}
	}
	return out, nil
}
