package crawler

import (
	"cmp"
	"context"
	"fmt"

	"utkik/crawler/kind"
)

// Sharer is a sink of a run whose documents several machines can ask for.
type Sharer interface {
	// Share has batches of requests asked for by [Engine.Ask], on whatever machine is free, and gives what became of each
	// batch, in their order, when all have been asked for. The answers are in the sink by then.
	Share(ctx context.Context, batches [][]kind.Request) ([]Batch, error)
}

// Batch is what became of requests that were asked for apart from their run.
type Batch struct {
	Outcomes    []Outcome `json:"outcomes"` // one a request, in their order
	Requests    int       `json:"requests"`
	NotModified int       `json:"not_modified"`
	Bytes       int64     `json:"bytes"`
}

// Outcome is what became of one request: its answer is kept and can be read, or there are notes why not.
type Outcome struct {
	Kept   bool        `json:"kept"`
	Notes  []kind.Note `json:"notes,omitempty"`
	Unsure bool        `json:"unsure,omitempty"` // it failed in a way that another time may not
}

// batchSize is how many documents a batch has whose source does not say. At a pace of a second it is a minute's work or
// two, which is what is lost with a machine; and it is many times what handing it over costs.
const batchSize = 100

// Ask asks for documents of a run that goes on elsewhere. Answers are kept as that run would keep them; nothing is gathered
// or judged. The error is about us: the context ended, the sink failed, or the source's data cannot be used.
func (e *Engine) Ask(ctx context.Context, src kind.Source, k kind.Kind, sink Sink, reqs []kind.Request) (Batch, error) {
	r := &run{engine: e, src: src, kind: k, sink: sink, failures: map[string]int{}}
	if err := r.ready(ctx); err != nil {
		return Batch{}, fmt.Errorf("source %s: %w", src.ID, err)
	}
	r.bar = newProgress(nil, src.ID)
	results, err := r.wave(ctx, reqs)
	if err != nil {
		return Batch{}, fmt.Errorf("source %s: %w", src.ID, err)
	}
	b := Batch{Outcomes: make([]Outcome, len(results)), Requests: r.report.Requests, NotModified: r.report.NotModified, Bytes: r.report.Bytes}
	for i, got := range results {
		b.Outcomes[i] = Outcome{Kept: got.page != nil}
		if got.page == nil { // the notes of a page come with it, when it is read where the run is
			b.Outcomes[i].Notes, b.Outcomes[i].Unsure = got.notes, got.unsure
		}
	}
	return b, nil
}

// shared handles requests like wave does, and leaves to others too what must be asked for, if it is more than a batch.
func (r *run) shared(ctx context.Context, reqs []kind.Request) ([]result, error) {
	size := cmp.Or(r.src.Batch, batchSize)
	sharer, ok := r.sink.(Sharer)
	if !ok || len(reqs) <= size {
		return r.wave(ctx, reqs)
	}
	results := make([]result, len(reqs))
	var asked []int // places in reqs of what no stored document spares
	for i, req := range reqs {
		stored, err := r.stored(ctx, req)
		if err != nil {
			return nil, err
		}
		if stored == nil || !spared(req, stored) {
			asked = append(asked, i)
			continue
		}
		if results[i], err = r.kept(ctx, req, stored); err != nil {
			return nil, err
		}
		r.report.NotModified++
		r.bar.one()
	}
	rest := make([]kind.Request, len(asked))
	for i, at := range asked {
		rest[i] = reqs[at]
	}
	var got []result
	var err error
	if len(rest) <= size || r.asked+len(rest) > r.engine.cfg.Most {
		got, err = r.wave(ctx, rest)
	} else {
		r.asked += len(rest)
		got, err = r.hand(ctx, sharer, rest, size)
	}
	if err != nil {
		return nil, err
	}
	for i, at := range asked {
		results[at] = got[i]
	}
	return results, nil
}

// hand has requests asked for in batches, and reads the answers.
func (r *run) hand(ctx context.Context, sharer Sharer, reqs []kind.Request, size int) ([]result, error) {
	var batches [][]kind.Request
	for from := 0; from < len(reqs); from += size {
		batches = append(batches, reqs[from:min(from+size, len(reqs))])
	}
	done, err := sharer.Share(ctx, batches)
	if err != nil {
		return nil, err
	}
	results := make([]result, 0, len(reqs))
	for i, batch := range batches {
		if len(done) <= i || len(done[i].Outcomes) != len(batch) {
			return nil, fmt.Errorf("batch %d came back without all of its %d requests", i, len(batch))
		}
		r.report.Requests += done[i].Requests
		r.report.NotModified += done[i].NotModified
		r.report.Bytes += done[i].Bytes
		for j, o := range done[i].Outcomes {
			got := result{notes: o.Notes, unsure: o.Unsure}
			if o.Kept {
				if got, err = r.answer(ctx, batch[j]); err != nil {
					return nil, err
				}
			}
			results = append(results, got)
			r.bar.one()
		}
	}
	return results, nil
}

// answer reads the answer that another kept.
func (r *run) answer(ctx context.Context, req kind.Request) (result, error) {
	doc, ok, err := r.sink.Stored(ctx, req.Key())
	if err != nil {
		return result{}, err
	}
	if !ok {
		return r.failed(req, "it was asked for, and its answer is not stored", kind.FaultProgram, true), nil
	}
	return r.kept(ctx, req, &doc)
}

// kept reads a stored document as the answer to a request. What cannot be read is kept with the reason, as in any run.
func (r *run) kept(ctx context.Context, req kind.Request, stored *kind.Document) (result, error) {
	doc := *stored
	doc.Request, doc.NotModified = req, true
	page, err := r.parse(doc)
	if err != nil {
		return r.failed(req, err.Error(), kind.FaultLayout, true), r.keep(ctx, doc, err.Error())
	}
	return result{page: &page, notes: page.Notes}, nil
}
