package crawler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gocolly/colly/v2"

	"utkik/crawler/kind"
)

type runKey struct{}

// WithRun gives the context of a run its id, which the run's log lines carry.
func WithRun(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, runKey{}, id)
}

// run is one pass over one source.
type run struct {
	engine    *Engine
	src       kind.Source
	kind      kind.Kind
	sink      Sink
	shelf     Shelf // when set, requests are answered from it and nothing goes out
	collector *colly.Collector
	bar       *progress

	mu       sync.Mutex // guards what follows, and the sink
	report   Report
	seen     map[string]bool // keys asked for
	asked    int             // documents asked for
	failures map[string]int  // of each host, in a row
	pages    []kind.Page     // of the listing, in the order of their requests
}

// Run makes one pass over a source. The error is about us: the context ended, the sink failed, or the source's
// data cannot be used. What goes wrong with the source itself is in the report, which also holds everything that
// was found; the report is usable with an error too.
func (e *Engine) Run(ctx context.Context, src kind.Source, k kind.Kind, sink Sink) (Report, error) {
	return e.run(ctx, &run{src: src, kind: k, sink: sink})
}

// Shelf holds the documents that earlier runs kept.
type Shelf interface {
	// Answers gives the stored answers to a request's key, newest first, those that once did not parse too.
	Answers(ctx context.Context, key string) ([]kind.Document, error)
}

// Reread makes the pass that [Engine.Run] would make, with every request answered from the shelf: by the newest
// stored answer that the kind can read. Nothing goes out and nothing is kept, and since nothing was asked,
// [Report.Listed] says nothing about what is absent today.
func (e *Engine) Reread(ctx context.Context, src kind.Source, k kind.Kind, shelf Shelf) (Report, error) {
	rep, err := e.run(ctx, &run{src: src, kind: k, shelf: shelf})
	rep.Listed = false
	return rep, err
}

func (e *Engine) run(ctx context.Context, r *run) (Report, error) {
	src := r.src
	r.engine, r.seen, r.failures = e, map[string]bool{}, map[string]int{}
	r.report = Report{Source: src.ID, Started: e.cfg.Now(), Rechecked: map[string]bool{}, From: map[string][]string{}}
	log := e.cfg.Log.With("source", src.ID)
	if id, ok := ctx.Value(runKey{}).(string); ok {
		log = log.With("run", id)
	}
	log.Info("crawl starts")
	err := r.do(ctx)
	if err != nil {
		err = fmt.Errorf("source %s: %w", src.ID, err)
		r.report.Err, r.report.Fault = err.Error(), kind.FaultProgram
		r.report.Complete, r.report.Listed = false, false
	}
	r.report.Ended = e.cfg.Now()
	level, attrs := slog.LevelInfo, []any{"complete", r.report.Complete, "seen", r.report.Seen, "rechecked", len(r.report.Rechecked),
		"requests", r.report.Requests, "not_modified", r.report.NotModified, "bytes", r.report.Bytes,
		"notes", len(r.report.Notes), "took", r.report.Ended.Sub(r.report.Started)}
	if r.report.Err != "" {
		level, attrs = slog.LevelWarn, append(attrs, "err", r.report.Err)
	}
	log.Log(ctx, level, "crawl ends", attrs...)
	return r.report, err
}

func (r *run) do(ctx context.Context) error {
	if r.src.ID == "" {
		return errors.New("the source has no id")
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	r.bar = newProgress(r.engine.cfg.Progress, r.src.ID)
	defer r.bar.done()

	items, err := r.list(ctx)
	if err != nil {
		return err
	}
	r.report.Items, r.report.Seen = items, len(items)
	r.came(r.pages)
	want := r.src.Expect
	if r.shelf != nil {
		want.MaxAge = 0 // what was stored then says nothing about today
	}
	r.note(missed(want, items, r.engine.cfg.Now())...)
	complete := r.gap() == ""
	listing := slices.ContainsFunc(r.pages, func(p kind.Page) bool { return p.Listing != "" })
	r.report.Listed = complete && listing
	if rc, ok := r.kind.(kind.Rechecker); ok && r.report.Listed && r.shelf == nil {
		if err := r.recheck(ctx, rc, items); err != nil {
			return err
		}
	}
	r.report.Err = r.gap()
	if i := slices.IndexFunc(r.report.Notes, func(n kind.Note) bool { return n.Gap }); i >= 0 {
		r.report.Fault = cmp.Or(r.report.Notes[i].Fault, kind.FaultShort)
	}
	r.report.Complete = r.report.Err == ""
	return nil
}

// ready makes what requests go out by.
func (r *run) ready(ctx context.Context) error {
	site, err := newSite(r.src)
	if err != nil {
		return err
	}
	maxBytes := r.engine.cfg.MaxBytes
	if r.src.MaxBytes > 0 {
		maxBytes = r.src.MaxBytes
	}
	under := &transport{engine: r.engine, site: site, delay: max(r.engine.cfg.Delay, r.src.Delay), maxBytes: maxBytes, tally: r}
	r.collector = newCollector(ctx, r.engine.cfg.UserAgent, under)
	return nil
}

// list reads the source: pages, and pages of pages, until the kind has gathered what there is.
func (r *run) list(ctx context.Context) ([]kind.Item, error) {
	var start []kind.Request
	if !r.safely("Start", func() { start = r.kind.Start(r.src) }) {
		return nil, nil
	}
	if len(start) == 0 {
		r.note(kind.Note{Text: "the kind asks for nothing: the source's addresses are missing", Gap: true, Fault: kind.FaultProgram})
	}
	var err error
	if r.pages, _, err = r.collect(ctx, r.fresh(start)); err != nil {
		return nil, err
	}
	gatherer, ok := r.kind.(kind.Gatherer)
	if !ok {
		r.checkTotals()
		return r.sound(kind.Merge(r.pages)), nil
	}
	for round := 1; ; round++ {
		var g kind.Gathered
		if !r.safely("Gather", func() { g = gatherer.Gather(r.src, r.pages) }) {
			return nil, nil
		}
		next := r.fresh(g.Next) // what failed once in this run is not asked again
		if len(next) > 0 && round == maxRounds {
			r.note(kind.Note{Text: fmt.Sprintf("the listing is not whole after %d readings", maxRounds), Gap: true, Fault: kind.FaultShort})
			next = nil
		}
		if len(next) == 0 {
			r.note(g.Notes...)
			return r.sound(g.Items), nil
		}
		more, _, err := r.collect(ctx, next)
		if err != nil {
			return nil, err
		}
		r.pages = append(r.pages, more...)
	}
}

// recheck looks up, one by one, the calls that a complete listing lacks: an index that loses rows for a day
// must not close them.
func (r *run) recheck(ctx context.Context, rc kind.Rechecker, items []kind.Item) error {
	absent, err := r.sink.Absent(ctx, items)
	if err != nil || len(absent) == 0 {
		return err
	}
	var reqs []kind.Request
	if !r.safely("Recheck", func() { reqs = rc.Recheck(r.src, absent) }) {
		r.report.Listed = false
		return nil
	}
	before := r.gap()
	pages, unsure, err := r.collect(ctx, r.fresh(reqs))
	if err != nil {
		return err
	}
	if unsure || r.gap() != before {
		r.report.Listed = false // whether they are gone cannot be told today
	}
	known := map[string]bool{}
	for _, it := range items {
		known[it.Call.Ref] = true
	}
	r.came(pages)
	for _, it := range r.sound(kind.Merge(pages)) {
		if !known[it.Call.Ref] {
			r.report.Items = append(r.report.Items, it)
			r.report.Rechecked[it.Call.Ref] = true
		}
	}
	return nil
}

// came notes which answers items were read from.
func (r *run) came(pages []kind.Page) {
	for _, p := range pages {
		for i := range p.Items {
			ref := p.Items[i].Call.Ref
			if from := r.report.From[ref]; !slices.Contains(from, p.Key) {
				r.report.From[ref] = append(from, p.Key)
			}
		}
	}
}

// result is what became of one request.
type result struct {
	page   *kind.Page // nil when there is none
	notes  []kind.Note
	unsure bool // it failed in a way that another time may not
}

// fresh gives the requests that were not asked before in this run, and takes them as asked.
func (r *run) fresh(reqs []kind.Request) (out []kind.Request) {
	for _, q := range reqs {
		if key := q.Key(); !r.seen[key] {
			r.seen[key] = true
			out = append(out, q)
		}
	}
	return out
}

// collect fetches and parses requests and what their pages ask for next, each once. Pages come in the order
// of their requests, however many are under way at a time. The error is fatal for the run.
func (r *run) collect(ctx context.Context, wave []kind.Request) (pages []kind.Page, unsure bool, err error) {
	for len(wave) > 0 {
		r.bar.more(len(wave))
		results, err := r.shared(ctx, wave)
		if err != nil {
			return nil, false, err
		}
		var next []kind.Request
		for _, got := range results {
			r.note(got.notes...)
			unsure = unsure || got.unsure
			if got.page != nil {
				pages = append(pages, *got.page)
				next = append(next, got.page.Next...)
			}
		}
		wave = r.fresh(next)
	}
	return pages, unsure, nil
}

// wave handles requests with as many workers as the engine has, and ends when all have ended.
func (r *run) wave(ctx context.Context, reqs []kind.Request) ([]result, error) {
	results := make([]result, len(reqs))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var at atomic.Int64
	work := func() {
		for i := int(at.Add(1)) - 1; i < len(reqs) && ctx.Err() == nil; i = int(at.Add(1)) - 1 {
			var err error
			if results[i], err = r.one(ctx, reqs[i]); err != nil {
				cancel(err)
				return
			}
			r.bar.one()
		}
	}
	var wg sync.WaitGroup
	for range min(r.engine.cfg.Parallel, len(reqs)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return results, context.Cause(ctx)
}

// one handles one request: from what is stored, or from the network; kept, then parsed.
func (r *run) one(ctx context.Context, req kind.Request) (result, error) {
	host := hostOf(req.URL)
	if reason, fault := r.admit(host); reason != "" {
		return r.failed(req, reason, fault, true), nil
	}
	if r.shelf != nil {
		return r.reread(ctx, req)
	}
	stored, err := r.stored(ctx, req)
	if err != nil {
		return result{}, err
	}
	var doc kind.Document
	if stored != nil && spared(req, stored) {
		doc = *stored
		doc.Request, doc.NotModified = req, true
	} else {
		if stored != nil && !conditional(stored) {
			stored = nil
		}
		doc, err = r.fetch(ctx, req, stored)
		if !doc.NotModified { // what is stored was scrubbed when it came
			if serr := r.scrub(&doc); serr != nil && err == nil {
				r.answered(host, true)
				return r.failed(req, serr.Error(), kind.FaultLayout, true), r.keep(ctx, doc, serr.Error())
			}
		}
		if err != nil && ctx.Err() != nil {
			return result{}, ctx.Err()
		}
		if err != nil {
			transient := true
			var why *askError
			if errors.As(err, &why) {
				transient = why.transient
			}
			r.answered(host, !transient)
			return r.failed(req, err.Error(), class(err), transient), r.keepBad(ctx, doc, err.Error())
		}
		r.answered(host, true)
	}
	if doc.NotModified {
		r.mu.Lock()
		r.report.NotModified++
		r.mu.Unlock()
	}
	page, err := r.parse(doc)
	if err != nil {
		// Kept whole: a mended kind may be able to read it.
		return r.failed(req, err.Error(), kind.FaultLayout, true), r.keep(ctx, doc, err.Error())
	}
	if !doc.NotModified || stored.Request.Stamp != req.Stamp {
		err = r.keep(ctx, doc, "")
	}
	return result{page: &page, notes: page.Notes}, err
}

// scrub takes out of an answer what its kind says must not be kept. An answer that cannot be scrubbed loses its body.
func (r *run) scrub(doc *kind.Document) (err error) {
	s, ok := r.kind.(kind.Scrubber)
	if !ok || len(doc.Body) == 0 {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
		if err != nil {
			err, doc.Body = fmt.Errorf("nothing of it is kept, since it cannot be scrubbed: %v", err), nil
		}
	}()
	body, err := s.Scrub(r.src, *doc)
	doc.Body = body
	return err
}

// reread answers one request from the shelf.
func (r *run) reread(ctx context.Context, req kind.Request) (result, error) {
	r.mu.Lock()
	docs, err := r.shelf.Answers(ctx, req.Key())
	r.mu.Unlock()
	if err != nil {
		return result{}, err
	}
	reason, fault := "no answer to it is stored", kind.FaultProgram
	for _, doc := range docs {
		doc.Request, doc.NotModified = req, true
		page, err := r.parse(doc)
		if err == nil {
			return result{page: &page, notes: page.Notes}, nil
		}
		reason, fault = err.Error(), kind.FaultLayout
	}
	return r.failed(req, reason, fault, true), nil
}

// admit tells why a request is not even tried.
func (r *run) admit(host string) (string, kind.Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked++; r.asked > r.engine.cfg.Most {
		return fmt.Sprintf("not asked: a run asks for %d documents at most", r.engine.cfg.Most), kind.FaultSize
	}
	if n := r.failures[host]; n >= maxFailures {
		return fmt.Sprintf("not asked: %s failed %d times in a row", host, n), kind.FaultNetwork
	}
	return "", ""
}

// answered counts a host's failures in a row. A refusal is an answer.
func (r *run) answered(host string, well bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if well {
		r.failures[host] = 0
	} else {
		r.failures[host]++
	}
}

// stored gives the stored document of a request, if it can be of use.
func (r *run) stored(ctx context.Context, req kind.Request) (*kind.Document, error) {
	if req.Stamp == "" && req.Method != "" && req.Method != http.MethodGet {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	doc, ok, err := r.sink.Stored(ctx, req.Key())
	if err != nil || !ok {
		return nil, err
	}
	return &doc, nil
}

// parse lets the kind read a document. A kind that panics has found a document that is not what it expects.
func (r *run) parse(doc kind.Document) (page kind.Page, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("kind %s cannot read it: panic: %v", r.src.Kind, v)
		}
	}()
	page, err = r.kind.Parse(r.src, doc)
	page.Name, page.State, page.Key = doc.Request.Name, doc.Request.State, doc.Request.Key()
	return page, err
}

// failed words a failure as a note: a gap unless the request was optional.
func (r *run) failed(req kind.Request, reason string, fault kind.Fault, transient bool) result {
	return result{
		notes:  []kind.Note{{Text: where(r.src, req) + ": " + reason, Gap: !req.Optional, Fault: fault}},
		unsure: transient,
	}
}

// keepBad keeps the beginning of an answer that is no document, for whoever wants to know why.
func (r *run) keepBad(ctx context.Context, doc kind.Document, problem string) error {
	doc.Body = doc.Body[:min(len(doc.Body), keepOfBad)]
	return r.keep(ctx, doc, problem)
}

// keep hands a document that came over the network to the sink.
func (r *run) keep(ctx context.Context, doc kind.Document, problem string) error {
	if doc.Status == 0 || doc.NotModified && problem != "" {
		return nil // nothing came
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sink.Keep(ctx, doc, problem)
}

// sound leaves out what cannot be a call of this source. That is a mistake of the kind, so the run has a gap.
func (r *run) sound(items []kind.Item) []kind.Item {
	seen := map[string]bool{}
	out := make([]kind.Item, 0, len(items))
	for _, it := range items {
		err := it.Call.Validate()
		switch {
		case err != nil:
		case it.Call.Source != r.src.ID:
			err = fmt.Errorf("item %s does not belong to the source", it.Call.Key())
		case seen[it.Call.Ref]:
			err = fmt.Errorf("item %s came twice", it.Call.Key())
		}
		if err != nil {
			r.note(kind.Note{Ref: it.Call.Ref, Text: err.Error(), Gap: true, Fault: kind.FaultLayout})
			continue
		}
		seen[it.Call.Ref] = true
		out = append(out, it)
	}
	return out
}

// checkTotals compares, for kinds that do not gather themselves, what a listing says it has with what its
// pages hold.
func (r *run) checkTotals() {
	total, refs := map[string]int{}, map[string]map[string]bool{}
	for _, p := range r.pages {
		if p.Listing == "" {
			continue
		}
		if refs[p.Listing] == nil {
			refs[p.Listing] = map[string]bool{}
		}
		total[p.Listing] = max(total[p.Listing], p.Total)
		for _, it := range p.Items {
			refs[p.Listing][it.Call.Ref] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(total)) {
		if have := len(refs[name]); have < total[name] {
			r.note(kind.Note{Ref: name, Text: fmt.Sprintf("listing %s says it has %d items and shows %d", name, total[name], have), Gap: true, Fault: kind.FaultShort})
		}
	}
}

// safely runs a method of the kind; a panic becomes a gap.
func (r *run) safely(method string, do func()) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			r.note(kind.Note{Text: fmt.Sprintf("kind %s: %s: panic: %v", r.src.Kind, method, v), Gap: true, Fault: kind.FaultProgram})
			ok = false
		}
	}()
	do()
	return true
}

func (r *run) note(notes ...kind.Note) {
	r.report.Notes = append(r.report.Notes, notes...)
}

// gap gives the first thing that makes the run incomplete, and how many more there are.
func (r *run) gap() string {
	first, more := "", 0
	for _, n := range r.report.Notes {
		switch {
		case !n.Gap:
		case first == "":
			first = n.Text
		default:
			more++
		}
	}
	if more > 0 {
		first += fmt.Sprintf(" (and %d more)", more)
	}
	return first
}

// sent counts one request that went out; the transport calls it.
func (r *run) sent(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Requests++
	r.report.Bytes += bytes
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return strings.ToLower(u.Host)
}
