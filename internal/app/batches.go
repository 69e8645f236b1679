package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/intake"
	"utkik/internal/jobs"
	"utkik/internal/store"
)

// askAgain is how often the machine whose run it is looks whether batches that others have are done, or theirs to do again.
const askAgain = 500 * time.Millisecond

// sharing is the sink of a run whose documents every machine that crawls may ask for.
type sharing struct {
	*intake.Run
	work *work
	src  kind.Source
	next int // number of the run's next batch
}

// Share adds a job for each batch, works on them itself, and waits for those that others have. A machine that dies lets go
// of its batch, which this one then takes, unless another was first.
func (s *sharing) Share(ctx context.Context, batches [][]kind.Request) ([]crawler.Batch, error) {
	run, first := store.Run{ID: s.ID(), Source: s.src.ID}, s.next
	s.next += len(batches)
	works := make([][]byte, len(batches))
	for i, b := range batches {
		var err error
		if works[i], err = json.Marshal(b); err != nil {
			return nil, err
		}
	}
	if err := s.work.Store.AddBatches(ctx, run, first, works); err != nil {
		return nil, err
	}
	for i := range batches {
		if _, err := s.work.jobs.Add(ctx, "batch", fmt.Sprintf("%d/%d", run.ID, first+i), time.Time{}); err != nil {
			return nil, err
		}
	}
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	for {
		open, err := s.work.Store.OpenBatches(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		if len(open) == 0 {
			break
		}
		did := false
		for _, n := range slices.Backward(open) { // the others begin with the first
			if did, err = s.work.batch(ctx, run.ID, n); err != nil {
				return nil, err
			}
			if did {
				break
			}
		}
		if did {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	out := make([]crawler.Batch, len(batches))
	for i := range out {
		b, err := s.work.Store.Batch(ctx, run.ID, first+i)
		if err == nil {
			err = json.Unmarshal(b.Result, &out[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return out, s.work.Store.ForgetBatches(ctx, run)
}

// batchJob does the batch that the job names. One that another has, or whose run is over, is not this machine's any more.
func (w *work) batchJob(ctx context.Context, j jobs.Job) error {
	var run int64
	var n int
	if _, err := fmt.Sscanf(j.Key, "%d/%d", &run, &n); err != nil {
		return fmt.Errorf("batch %q: want run and number", j.Key) // unreachable: Share words it
	}
	_, err := w.batch(ctx, run, n)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// batch asks for the documents of a batch, and tells whether it did: another may have it, or have done it.
func (w *work) batch(ctx context.Context, run int64, n int) (bool, error) {
	release, err := w.Store.Hold(ctx, fmt.Sprintf("batch-%d-%d", run, n))
	if errors.Is(err, store.ErrRunning) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer release()
	b, err := w.Store.Batch(ctx, run, n)
	if err != nil || b.Done {
		return false, err
	}
	i := slices.IndexFunc(w.Config.Sources(), func(s kind.Source) bool { return s.ID == b.Source })
	if i < 0 || w.engine == nil {
		w.log.WarnContext(ctx, "a batch is left to other machines: its source is not configured here", "run", run, "batch", n, "source", b.Source)
		return false, nil
	}
	src := w.Config.Sources()[i]
	var reqs []kind.Request
	if err := json.Unmarshal(b.Work, &reqs); err != nil {
		return false, fmt.Errorf("batch %d of run %d: %v", n, run, err)
	}
	got, err := w.engine.Ask(ctx, src, crawler.Kinds()[src.Kind], intake.Join(w.Store, src, run), reqs)
	if err != nil {
		return false, err
	}
	result, err := json.Marshal(got)
	if err != nil {
		return false, err
	}
	w.log.InfoContext(ctx, "batch done", "run", run, "batch", n, "source", b.Source, "documents", len(reqs), "requests", got.Requests)
	return true, w.Store.EndBatch(ctx, run, n, result)
}

// sink is what takes in a run: on a store that several machines share, they ask for its documents together.
func (w *work) sink(r *intake.Run, src kind.Source) crawler.Sink {
	if !w.Store.Shared() {
		return r
	}
	return &sharing{Run: r, work: w, src: src}
}
