package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"utkik/internal/doctor"
	"utkik/internal/jobs"
	"utkik/internal/metrics"
	"utkik/internal/store"
	"utkik/internal/trace"
	"utkik/internal/watch"
)

// watcher answers who watches over this process: what it measures, and how it does.
type watcher struct {
	*health
	seen *jobs.Jobs // the queue, to count what is in it

	mu    sync.Mutex
	tries store.Tries // counted before
}

// Build is what the program was built from.
type Build struct {
	Version, Revision, Go string
}

// BuildInfo tells it, as far as the tools that built it have noted it.
func BuildInfo() Build {
	b := Build{Version: "unknown", Revision: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = cmp.Or(info.Main.Version, b.Version)
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}

// measure makes what is measured here.
func (a *App) measure(w *watcher) (*metrics.Metrics, error) {
	b := BuildInfo()
	return metrics.New(metrics.Config{Version: b.Version, Revision: b.Revision, Go: b.Go, State: w.state, Log: a.log})
}

// timed measures a search.
func (a *App) timed() func() {
	m := a.measured.Load()
	if m == nil {
		return func() {}
	}
	begun := time.Now()
	return func() { m.Search(time.Since(begun)) }
}

// state reads what the store holds, and what this process does. What does not need the store is told without it too.
func (w *watcher) state(ctx context.Context) (metrics.State, error) {
	a := w.app
	s := metrics.State{Followed: time.UnixMilli(w.followed.Load()), Lags: map[string]float64{}}
	if free, size, err := doctor.Space(a.Config.Data); err == nil {
		s.Disks = append(s.Disks, metrics.Disk{Name: "data", Free: float64(free), Size: float64(size)})
	}
	if w.roles.Has(Web) && a.index != nil {
		n, err := a.index.Count()
		s.Index = &metrics.Index{Calls: float64(n), Whole: err == nil && w.index() == nil}
	}
	w.mu.Lock()
	c, err := a.Store.Count(ctx, w.tries)
	w.tries = c.Tries
	w.mu.Unlock()
	if err != nil {
		return s, err
	}
	if s.Size, err = size(ctx, a.Store); err != nil {
		return s, err
	}
	s.Notices = float64(c.Notices)
	for _, r := range c.Runs {
		s.Runs = append(s.Runs, metrics.Runs{Source: r.Source, Kind: r.Kind, Result: string(r.Result), Runs: float64(r.Runs), Requests: float64(r.Requests), Bytes: float64(r.Bytes),
			Seen: float64(r.Seen), Added: float64(r.Added), Changed: float64(r.Changed), Gone: float64(r.Gone), Held: float64(r.Held)})
	}
	for _, t := range c.Tries.By {
		s.Tries = append(s.Tries, metrics.Tries{Kind: t.Kind, Outcome: t.Outcome, Count: float64(t.Tries)})
	}
	for _, m := range c.Mails {
		s.Mails = append(s.Mails, metrics.Mails{State: string(m.State), Count: float64(m.Count), Due: m.Due})
	}
	if err := w.sources(ctx, &s, c.Sources); err != nil {
		return s, err
	}
	if err := w.lags(ctx, &s); err != nil {
		return s, err
	}
	for _, o := range a.all() {
		recipients, err := o.Store.Recipients(ctx)
		if err != nil {
			return s, err
		}
		for i := range recipients {
			if _, why := recipients[i].Due(a.now(), Works); why == "" {
				s.Due++
			}
		}
	}
	return s, w.jobs(ctx, &s)
}

func size(ctx context.Context, s *store.Store) (float64, error) {
	n, err := s.Size(ctx)
	return float64(n), err
}

// standingRuns is by how many runs the state of a source is told: those of its last day, and the one before.
const standingRuns = 50

// sources tells where every source stands that is configured here; one that is not has no state.
func (w *watcher) sources(ctx context.Context, s *metrics.State, counts []store.SourceCount) error {
	states := make([]string, len(watch.States()))
	for i, st := range watch.States() {
		states[i] = string(st)
	}
	for _, src := range w.app.Config.Sources() {
		runs, err := w.app.Store.Runs(ctx, src.ID, standingRuns)
		if err != nil {
			return err
		}
		st := watch.Judge(src, watched(ended(runs, w.app.now())), w.app.now())
		m := metrics.Source{ID: src.ID, States: states, State: string(st.State)}
		if src.Enabled {
			m.Late = watch.LateAfter(src.Every)
		}
		s.Sources = append(s.Sources, m)
	}
	for _, c := range counts {
		i := slices.IndexFunc(s.Sources, func(m metrics.Source) bool { return m.ID == c.Source })
		if i < 0 {
			s.Sources = append(s.Sources, metrics.Source{ID: c.Source})
			i = len(s.Sources) - 1
		}
		s.Sources[i].Calls, s.Sources[i].Held, s.Sources[i].Complete = float64(c.Calls), float64(c.Held), c.Complete
	}
	return nil
}

// lags tells how many calls each consumer of the change log has not followed.
func (w *watcher) lags(ctx context.Context, s *metrics.State) error {
	a := w.app
	plans, err := a.Store.PlanStates(ctx)
	if err != nil {
		return err
	}
	matched := int64(-1) // of the plan that is furthest behind
	for _, o := range a.all() {
		if at := plans[o.Plan.ID].Cursor; matched < 0 || at < matched {
			matched = at
		}
	}
	linked, err := a.Store.LinkState(ctx)
	if err != nil {
		return err
	}
	cursors := map[string]int64{"match": matched, "link": linked.Cursor}
	for consumer, cursor := range cursors {
		behind, _, err := a.Store.Behind(ctx, cursor, 0)
		if err != nil {
			return err
		}
		s.Lags[consumer] = float64(behind)
	}
	nodes, err := a.Lag(ctx)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		s.Nodes = append(s.Nodes, metrics.Node{Name: n.Node, Lag: float64(n.Calls), Beat: time.Now().Add(-n.Silent)})
	}
	if s.Index == nil {
		return nil
	}
	cursor, err := a.index.Cursor()
	if err != nil {
		return nil // told by the index's own metric
	}
	_, behind, err := a.Store.Behind(ctx, 0, cursor)
	s.Lags["index"] = float64(behind)
	return err
}

// jobs counts what is in the queue.
func (w *watcher) jobs(ctx context.Context, s *metrics.State) error {
	list, err := w.seen.List(ctx, false, 10_000)
	if err != nil {
		return err
	}
	for _, j := range list {
		i := slices.IndexFunc(s.Jobs, func(m metrics.Jobs) bool { return m.Kind == j.Kind && m.State == string(j.State) })
		if i < 0 {
			s.Jobs = append(s.Jobs, metrics.Jobs{Kind: j.Kind, State: string(j.State)})
			i = len(s.Jobs) - 1
		}
		s.Jobs[i].Count++
		if j.State != jobs.Failed && (s.Jobs[i].Oldest.IsZero() || j.At.Before(s.Jobs[i].Oldest)) {
			s.Jobs[i].Oldest = j.At
		}
	}
	leader, err := w.seen.Leader(ctx)
	s.Leader = leader != ""
	return err
}

// handler is what is told on the listener of metrics.listen.
func (w *watcher) handler(m *metrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.HandleFunc("GET /healthz", answerHealth(w.live))
	mux.HandleFunc("GET /readyz", answerHealth(w.ready))
	return mux
}

// watched answers who watches, on the listener of metrics.listen, until stop is called. Without the key there is none.
func (a *App) watched(w *watcher, m *metrics.Metrics) (stop func() error, err error) {
	if a.Config.Metrics.Listen == "" {
		return func() error { return nil }, nil
	}
	l, err := net.Listen("tcp", a.Config.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics.listen: %v; choose another address", err)
	}
	server := &http.Server{Handler: w.handler(m), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	a.log.Info("measuring", "url", "http://"+l.Addr().String()+"/metrics")
	return func() error {
		err := server.Close()
		if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

type routeKey struct{}

// observed names each request, tells who measures of it, and the log where it is asked to tell much.
func (a *App) observed(m *metrics.Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get("X-Request-ID")
		if !trace.Fit(name) {
			name = a.traces.Next("request")
		}
		w.Header().Set("X-Request-ID", name)
		var route string
		ctx := context.WithValue(trace.With(r.Context(), name), routeKey{}, &route)
		r = r.WithContext(ctx)
		answer := &answered{ResponseWriter: w, status: http.StatusOK}
		begun := time.Now()
		defer func() {
			took := time.Since(begun)
			route = cmp.Or(route, r.Pattern)
			m.Request(route, answer.status, took)
			// The route and not the address: that may hold what a reader searched for, or a key.
			a.log.DebugContext(ctx, "answered", "route", route, "status", answer.status, "took", took)
		}()
		next.ServeHTTP(answer, r)
	})
}

// routed notes by which pattern the innermost mux found a request, for [App.observed].
func routed(r *http.Request) {
	if route, ok := r.Context().Value(routeKey{}).(*string); ok {
		*route = r.Pattern
	}
}

// answered remembers the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (w *answered) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] reach the writer itself.
func (w *answered) Unwrap() http.ResponseWriter { return w.ResponseWriter }
