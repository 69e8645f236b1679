package app_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"utkik/config"
	"utkik/internal/app"
)

// lines gathers what is logged, as JSON.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(p))
	return len(p), nil
}

// line is what tests look at of a line.
type line struct {
	Msg, Trace, URL, Route, Source string
	Run                            int64
}

func (l *lines) with(t *testing.T, fits func(line) bool) (out []line) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range l.all {
		var v line
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if fits(v) {
			out = append(out, v)
		}
	}
	return out
}

// logged opens an installation that logs everything.
func logged(t *testing.T, file, now string) (*app.App, *lines) {
	t.Helper()
	cfg, err := config.Load(config.Options{File: file, Flags: config.Flags{Now: now}})
	if err != nil {
		t.Fatal(err)
	}
	log := &lines{}
	a, err := app.Open(context.Background(), cfg, app.Options{Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Progress: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return a, log
}

func ask(t *testing.T, address, id string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if id != "" {
		r.Header.Set("X-Request-ID", id)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// value gives what a metric counts, -1 where it is not told.
func value(t *testing.T, text, series string) float64 {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A machine that serves tells what it does and what the store holds; one with other roles tells the same of the store.
func TestServeMeasures(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0].Format("2006-01-02T15:04:05Z07:00")
	file := configure(t, text+"metrics: {listen: \"127.0.0.1:0\"}\n")
	a, log := logged(t, file, day)
	page, stop := serve(t, a, "web,crawl,mail")
	measuring := ""
	until(t, "it is told where the metrics are", func() bool {
		for _, l := range log.with(t, func(l line) bool { return l.Msg == "measuring" }) {
			measuring = l.URL
		}
		return measuring != ""
	})
	var got string
	until(t, "both sources are read, and followed", func() bool {
		_, got = ask(t, measuring, "")
		return value(t, got, `utkik_runs_total{kind="crawl",result="complete",source="ft-portal"}`) == 1 &&
			value(t, got, `utkik_runs_total{kind="crawl",result="complete",source="have-your-say"}`) == 1 && value(t, got, `utkik_index_calls`) > 20 &&
			value(t, got, `utkik_lag_calls{consumer="index"}`) == 0 && value(t, got, `utkik_lag_calls{consumer="match"}`) == 0 && value(t, got, `utkik_lag_calls{consumer="link"}`) == 0 && value(t, got, "utkik_jobs_leader") == 1
	})
	resp, _ := ask(t, page+"/?q=tourism+secretword", "from-the-proxy-1")
	if id := resp.Header.Get("X-Request-ID"); id != "from-the-proxy-1" {
		t.Errorf("the proxy's name came back as %q", id)
	}
	resp, _ = ask(t, page+"/call/ft-portal/50563532TOPICS", "no good: a\tname")
	if id := resp.Header.Get("X-Request-ID"); !strings.HasPrefix(id, "request-") {
		t.Errorf("an unfit name came back as %q", id)
	}
	for _, address := range []string{page + "/readyz", strings.TrimSuffix(measuring, "/metrics") + "/readyz", page + "/healthz"} {
		if resp, body := ask(t, address, ""); resp.StatusCode != http.StatusOK || !strings.Contains(body, `"ok":true`) {
			t.Errorf("%s: %d %s", address, resp.StatusCode, body)
		}
	}
	_, got = ask(t, measuring, "")
	runs, err := a.Store.Runs(t.Context(), "", 0)
	if err != nil || len(runs) != 2 {
		t.Fatalf("runs %+v, %v", runs, err)
	}
	for _, r := range runs {
		if n := value(t, got, `utkik_run_items_total{found="new",source="`+r.Source+`"}`); n != float64(r.Added) {
			t.Errorf("%s: %v new are told, and the run has %d", r.Source, n, r.Added)
		}
		if n := value(t, got, `utkik_source_calls{source="`+r.Source+`"}`); n != float64(r.Added) {
			t.Errorf("%s: %v calls are told, and the run added %d", r.Source, n, r.Added)
		}
		// Each line of a run has the name that its row has, and it is that of the job.
		if !strings.HasPrefix(r.Trace, "job-") {
			t.Errorf("run %d of %s has the name %q", r.ID, r.Source, r.Trace)
		}
		own := log.with(t, func(l line) bool { return l.Run == r.ID })
		if len(own) < 2 {
			t.Errorf("run %d of %s has the lines %v", r.ID, r.Source, own)
		}
		for _, l := range own {
			if l.Trace != r.Trace {
				t.Errorf("run %d of %s: %q has the name %q, its row %q", r.ID, r.Source, l.Msg, l.Trace, r.Trace)
			}
		}
	}
	for series, least := range map[string]float64{
		`utkik_http_request_duration_seconds_count{code="2xx",route="GET /{$}"}`: 1, `utkik_http_request_duration_seconds_count{code="2xx",route="GET /call/{source}/{ref...}"}`: 1,
		`utkik_search_duration_seconds_count`: 1, `utkik_source_state{source="ft-portal",state="ok"}`: 1, `utkik_store_up`: 1, `utkik_node_lag_calls{node="this"}`: 0, `utkik_node_beat_timestamp_seconds{node="this"}`: 1.7e9, `utkik_disk_free_bytes{volume="data"}`: 1,
		`utkik_source_complete_timestamp_seconds{source="ft-portal"}`: 1.7e9,
	} {
		if v := value(t, got, series); v < least {
			t.Errorf("%s is %v", series, v)
		}
	}
	if l := log.with(t, func(l line) bool { return l.Trace == "from-the-proxy-1" && l.Route == "GET /{$}" }); len(l) != 1 {
		t.Errorf("lines of the request: %v", l)
	}
	log.mu.Lock()
	if all := strings.Join(log.all, ""); strings.Contains(all, "secretword") {
		t.Error("a line tells what was searched for")
	}
	log.mu.Unlock()
	stop()
	closeApp(t, a)

	// Another, without a page and later, tells the same of the store.
	b, log := logged(t, file, day)
	_, stop = serve(t, b, "mail")
	until(t, "the second tells where its metrics are", func() bool {
		for _, l := range log.with(t, func(l line) bool { return l.Msg == "measuring" }) {
			measuring = l.URL
		}
		return len(log.with(t, func(l line) bool { return l.Msg == "measuring" })) == 1
	})
	_, again := ask(t, measuring, "")
	for _, series := range []string{`utkik_runs_total{kind="crawl",result="complete",source="ft-portal"}`, `utkik_source_calls{source="have-your-say"}`, `utkik_run_items_total{found="seen",source="ft-portal"}`} {
		if x, y := value(t, got, series), value(t, again, series); x != y || x < 0 {
			t.Errorf("%s: one tells %v, the other %v", series, x, y)
		}
	}
	if v := value(t, again, "utkik_index_calls"); v != -1 {
		t.Errorf("a machine without a page tells of an index of %v calls", v)
	}
	stop()
	closeApp(t, b)
}

// By hand, each run has a name of its own.
func TestTraceByHand(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	a, log := logged(t, configure(t, text), portal.Days()[0].Format("2006-01-02T15:04:05Z07:00"))
	defer closeApp(t, a)
	crawl(t, a)
	runs, err := a.Store.Runs(t.Context(), "", 0)
	if err != nil || len(runs) != 2 || runs[0].Trace == runs[1].Trace {
		t.Fatalf("runs %+v, %v", runs, err)
	}
	for _, r := range runs {
		if n := len(log.with(t, func(l line) bool { return l.Run == r.ID && l.Trace == r.Trace })); !strings.HasPrefix(r.Trace, "run-") || n < 2 {
			t.Errorf("run %d is called %q, and has %d lines", r.ID, r.Trace, n)
		}
	}
}
