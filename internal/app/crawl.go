package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/intake"
	"utkik/internal/store"
	"utkik/internal/trace"
)

// keepDocuments is how long raw documents are kept beyond those of the last complete run. Versions, and so the
// history of every call, are kept for good.
const keepDocuments = 90 * 24 * time.Hour

// RunLine is one run as commands print it.
type RunLine struct {
	Source      string    `json:"source"`
	Started     time.Time `json:"started"`
	Ended       time.Time `json:"ended"`
	Requests    int       `json:"requests"`
	NotModified int       `json:"not_modified"`
	Bytes       int64     `json:"bytes"`
	Seen        int       `json:"seen"`
	Added       int       `json:"added"`
	Changed     int       `json:"changed"`
	Gone        int       `json:"gone"`
	Quarantined int       `json:"quarantined"`
	Complete    bool      `json:"complete"`
	Error       string    `json:"error"`
	Suspect     bool      `json:"suspect"`
	Notes       []string  `json:"notes"`
	Trace       string    `json:"trace"` // by which the run's lines are found in the log

	cause error // of Error, where the run did not come to be
}

// OK tells whether the run read its source completely and believably.
func (l RunLine) OK() bool { return l.Complete && l.Error == "" && !l.Suspect }

// Line gives the printable form of a run's row.
func Line(r store.Run) RunLine {
	return RunLine{
		Source: r.Source, Started: r.Started, Ended: r.Ended, Requests: r.Requests, NotModified: r.NotModified, Bytes: r.Bytes,
		Seen: r.Seen, Added: r.Added, Changed: r.Changed, Gone: r.Gone, Quarantined: r.Quarantined, Complete: r.Complete,
		Error: r.Error, Suspect: r.Suspect, Trace: r.Trace, Notes: append([]string{}, r.Notes...),
	}
}

// Crawl makes one pass over the named sources, or all enabled ones. A source that fails does not stop the others:
// its line says what happened. The error is for what stops everything.
func (a *App) Crawl(ctx context.Context, ids []string) ([]RunLine, error) {
	engine, err := a.engine()
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	lines, err := a.crawl(ctx, engine, ids, func(r *intake.Run, _ kind.Source) crawler.Sink { return r })
	if err == nil {
		if _, err := a.TellOperator(ctx); err != nil { // what was read is kept, and the next crawl tells
			a.log.WarnContext(ctx, "the operator could not be told", "err", err)
		}
	}
	return lines, err
}

// crawl reads sources; sink tells what takes in the documents of a run.
func (a *App) crawl(ctx context.Context, engine *crawler.Engine, ids []string, sink func(*intake.Run, kind.Source) crawler.Sink) ([]RunLine, error) {
	lines, err := a.each(ctx, ids, func(src kind.Source, k kind.Kind) (store.Run, error) {
		if last, err := a.lastRead(ctx, src.ID); err == nil && last.After(a.now()) {
			a.log.WarnContext(ctx, "the clock stands before the last run: what is found now is told on a day whose digest may be out", "source", src.ID, "now", a.now(), "last", last)
		}
		run, err := a.take(ctx, src, intake.Crawl, func(r *intake.Run) (crawler.Report, error) {
			return engine.Run(ctx, src, k, sink(r, src))
		})
		if err == nil && run.Complete {
			_, err = a.Store.PruneDocuments(ctx, src.ID, a.now().Add(-keepDocuments))
		}
		return run, err
	})
	if err != nil {
		return lines, err
	}
	return lines, a.Watch(ctx)
}

// Reparse reads the stored documents of the named sources again, without a request, and saves what a mended parser
// reads otherwise. Its changes are marked as mended: the calls themselves did not change.
func (a *App) Reparse(ctx context.Context, ids []string) ([]RunLine, error) {
	engine, err := crawler.New(crawler.Config{UserAgent: a.Config.Crawler.Agent(), Now: a.now}) // asks nobody
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	return a.each(ctx, ids, func(src kind.Source, k kind.Kind) (store.Run, error) {
		return a.take(ctx, src, intake.Reparse, func(r *intake.Run) (crawler.Report, error) {
			return engine.Reread(ctx, src, k, r)
		})
	})
}

// each reads several sources at the same time, as many as the configuration says, and gives their lines in the order of
// the sources. Sources of one host wait for each other in the engine.
func (a *App) each(ctx context.Context, ids []string, one func(kind.Source, kind.Kind) (store.Run, error)) ([]RunLine, error) {
	sources, err := a.sources(ids)
	if err != nil {
		return nil, err
	}
	kinds := crawler.Kinds()
	lines := make([]RunLine, len(sources))
	free := make(chan struct{}, max(a.Config.Crawler.Parallel, 1))
	var all sync.WaitGroup
	for i, src := range sources {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			run, err := one(src, kinds[src.Kind])
			lines[i] = Line(run)
			lines[i].Source = src.ID
			if err != nil {
				lines[i].Complete, lines[i].Error, lines[i].cause = false, err.Error(), err
			}
		})
	}
	all.Wait()
	return lines, ctx.Err()
}

func (a *App) take(ctx context.Context, src kind.Source, mode intake.Mode, read func(*intake.Run) (crawler.Report, error)) (store.Run, error) {
	if trace.From(ctx) == "" { // by hand; else it is part of a job
		ctx = trace.With(ctx, a.traces.Next("run"))
	}
	started := a.now()
	run, err := intake.Begin(ctx, a.Store, src, mode, started)
	if err != nil {
		return store.Run{Source: src.ID, Started: started, Ended: a.now()}, err
	}
	a.log.InfoContext(ctx, "run started", "run", run.ID(), "source", src.ID, "mode", string(mode))
	report, err := read(run)
	var row store.Run
	if err != nil {
		row, err = run.Abort(ctx, a.now(), err)
	} else {
		row, err = run.Finish(ctx, report, started)
	}
	level := slog.LevelInfo
	if err != nil || !row.Complete || row.Suspect {
		level = slog.LevelWarn
	}
	a.log.Log(ctx, level, "run ended", "run", run.ID(), "source", src.ID, "requests", row.Requests, "not_modified", row.NotModified, "bytes", row.Bytes,
		"seen", row.Seen, "added", row.Added, "changed", row.Changed, "gone", row.Gone, "quarantined", row.Quarantined,
		"complete", row.Complete, "suspect", row.Suspect, "err", row.Error)
	for _, n := range row.Notes {
		a.log.DebugContext(ctx, "note", "run", run.ID(), "source", src.ID, "note", n)
	}
	return row, err
}
