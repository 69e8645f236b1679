package metrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"utkik/internal/metrics"
)

var noon = time.Date(2026, 5, 13, 10, 0, 0, 0, time.UTC)

// full is a state in which nothing is missing.
func full(context.Context) (metrics.State, error) {
	return metrics.State{
		Sources: []metrics.Source{{ID: "ft-portal", States: []string{"ok", "late"}, State: "late", Calls: 800, Held: 2, Complete: noon, Late: 36 * time.Hour}, {ID: "archive", Calls: 3}},
		Runs: []metrics.Runs{{Source: "ft-portal", Kind: "crawl", Result: "complete", Runs: 3, Requests: 30, Bytes: 3000, Seen: 2400, Added: 800, Changed: 5, Gone: 1},
			{Source: "ft-portal", Kind: "crawl", Result: "failed", Runs: 1, Requests: 4}},
		Mails: []metrics.Mails{{State: "queued", Count: 4, Due: noon}},
		Tries: []metrics.Tries{{Kind: "digest", Outcome: "sent", Count: 7}, {Kind: "digest", Outcome: "refused", Count: 1}}, Due: 2,
		Jobs:   []metrics.Jobs{{Kind: "crawl", State: "running", Count: 1, Oldest: noon}, {Kind: "write", State: "failed", Count: 1}},
		Leader: true, Notices: 1, Lags: map[string]float64{"match": 0, "index": 12},
		Nodes: []metrics.Node{{Name: "web1 10.0.0.3:8080", Lag: 12, Beat: noon}}, Index: &metrics.Index{Calls: 788, Whole: true},
		Size: 1 << 20, Disks: []metrics.Disk{{Name: "data", Free: 1 << 30, Size: 1 << 31}}, Followed: noon,
	}, nil
}

func build(t testing.TB, state func(context.Context) (metrics.State, error)) *metrics.Metrics {
	t.Helper()
	m, err := metrics.New(metrics.Config{Version: "v1.2.3", Revision: "abc", Go: "go1.26", State: state, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func scrape(t testing.TB, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := build(t, full)
	m.Search(3 * time.Millisecond)
	m.Request("GET /call/{source}/{ref...}", 200, 20*time.Millisecond)
	m.Request("", 404, time.Millisecond)
	m.Request("GET /{$}", 7, time.Millisecond)
	got := scrape(t, m)
	for _, want := range []string{
		`utkik_store_up 1`,
		`utkik_build_info{goversion="go1.26",revision="abc",version="v1.2.3"} 1`,
		`utkik_source_state{source="ft-portal",state="late"} 1`,
		`utkik_source_state{source="ft-portal",state="ok"} 0`,
		`utkik_source_calls{source="archive"} 3`,
		`utkik_source_complete_timestamp_seconds{source="ft-portal"} 1.7786664e+09`,
		`utkik_runs_total{kind="crawl",result="failed",source="ft-portal"} 1`,
		`utkik_run_requests_total{source="ft-portal"} 34`,
		`utkik_run_items_total{found="new",source="ft-portal"} 800`,
		`utkik_outbox_oldest_due_timestamp_seconds{state="queued"} 1.7786664e+09`,
		`utkik_mail_tries_total{kind="digest",outcome="refused"} 1`,
		`utkik_jobs{kind="write",state="failed"} 1`,
		`utkik_lag_calls{consumer="index"} 12`,
		`utkik_node_lag_calls{node="web1 10.0.0.3:8080"} 12`,
		`utkik_node_beat_timestamp_seconds{node="web1 10.0.0.3:8080"} 1.7786664e+09`,
		`utkik_index_whole 1`,
		`utkik_search_duration_seconds_bucket{le="0.005"} 1`,
		`utkik_search_duration_seconds_bucket{le="0.002"} 0`,
		`utkik_http_request_duration_seconds_count{code="2xx",route="GET /call/{source}/{ref...}"} 1`,
		`utkik_http_request_duration_seconds_count{code="4xx",route="none"} 1`,
		`utkik_http_request_duration_seconds_count{code="other",route="GET /{$}"} 1`,
		`utkik_disk_free_bytes{volume="data"} 1.073741824e+09`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is not told", want)
		}
	}
	for _, not := range []string{`complete_timestamp_seconds{source="archive"}`, `jobs_oldest_timestamp_seconds{kind="write"`} {
		if strings.Contains(got, not) {
			t.Errorf("%s is told, and never was", not)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// What the store does not tell is not told, least of all what it told before.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	down := false
	m := build(t, func(ctx context.Context) (metrics.State, error) {
		s, err := full(ctx)
		if down {
			return metrics.State{Followed: s.Followed, Disks: s.Disks, Index: s.Index}, errors.New("no answer")
		}
		return s, err
	})
	if !strings.Contains(scrape(t, m), "utkik_source_calls") {
		t.Fatal("nothing is told of the sources")
	}
	down = true
	got := scrape(t, m)
	for _, want := range []string{"utkik_store_up 0", "utkik_disk_free_bytes", "utkik_follow_timestamp_seconds", "utkik_index_whole 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not told", want)
		}
	}
	for line := range strings.Lines(got) {
		if name, _, _ := strings.Cut(line, "{"); slices.Contains([]string{"utkik_source_calls", "utkik_runs_total", "utkik_lag_calls", "utkik_jobs"}, name) {
			t.Errorf("told: %s", line)
		}
	}
}

// The names are as Prometheus wants them.
func TestLint(t *testing.T) {
	t.Parallel()
	m := build(t, full)
	m.Request("GET /{$}", 200, time.Millisecond)
	problems, err := promlint.New(strings.NewReader(scrape(t, m))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// exported gives the families that are exported, by name, and their labels.
func exported(t testing.TB) map[string][]string {
	t.Helper()
	m := build(t, full)
	m.Request("GET /{$}", 200, time.Millisecond)
	out := map[string][]string{}
	text := scrape(t, m)
	for _, f := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		name := f[1]
		labels := map[string]bool{}
		for _, line := range regexp.MustCompile(`(?m)^`+name+`(?:_bucket|_sum|_count)?\{([^}]*(?:\{[^}]*\}[^}]*)*)\} `).FindAllStringSubmatch(text, -1) {
			for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(line[1], -1) {
				labels[l[1]] = true
			}
		}
		out[name] = slices.Sorted(maps.Keys(labels))
		if f[2] == "histogram" {
			for _, end := range []string{"_bucket", "_sum", "_count"} {
				out[name+end] = out[name]
			}
		}
	}
	return out
}

// The document explains every metric with its labels, and none that there is not.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../doc/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(utkik_\\w+)` \\|([^|]*)\\|").FindAllStringSubmatch(string(text), -1) {
		got[row[1]] = strings.ReplaceAll(strings.TrimSpace(row[2]), "`", "")
	}
	want := map[string]string{}
	for name, labels := range exported(t) {
		if strings.HasPrefix(name, "utkik_") && !regexp.MustCompile(`_(bucket|sum|count)$`).MatchString(name) {
			labels = slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == "le" })
			want[name] = strings.Join(labels, ", ")
		}
	}
	for name, labels := range want {
		if is, ok := got[name]; !ok {
			t.Errorf("%s is not in doc/operations.md", name)
		} else if is != labels {
			t.Errorf("%s has labels %q, and doc/operations.md says %q", name, labels, is)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is in doc/operations.md, and not exported", name)
		}
	}
}

// selectors checks that an expression can be read, that each metric in it is exported and has the labels it is asked by.
func selectors(t *testing.T, what, expr string, known map[string][]string) (used []string) {
	t.Helper()
	e, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %s: %v", what, expr, err)
		return nil
	}
	for _, path := range parser.ExtractSelectors(e) {
		name := ""
		for _, m := range path {
			if m.Name == "__name__" {
				name = m.Value
			}
		}
		labels, ok := known[name]
		if !ok && name != "up" {
			t.Errorf("%s: %s: %q is not exported", what, expr, name)
		}
		used = append(used, name)
		for _, m := range path {
			if m.Name != "__name__" && m.Name != "job" && m.Name != "instance" && !slices.Contains(labels, m.Name) {
				t.Errorf("%s: %s: %s has no label %s", what, expr, name, m.Name)
			}
		}
	}
	return used
}

// The dashboard asks for what there is, and shows everything that there is.
func TestDashboard(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../ops/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Title  string
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	known := exported(t)
	var used []string
	seen := map[int]bool{}
	for _, p := range d.Panels {
		if seen[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q: a number twice, no title, or too wide", p.ID, p.Title)
		}
		seen[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			used = append(used, selectors(t, "panel "+p.Title, target.Expr, known)...)
		}
	}
	for name := range known {
		if strings.HasPrefix(name, "utkik_") && !slices.ContainsFunc(used, func(u string) bool {
			return strings.HasPrefix(u, name) || strings.HasPrefix(name, strings.TrimSuffix(strings.TrimSuffix(u, "_bucket"), "_count"))
		}) && name != "utkik_disk_size_bytes" {
			t.Errorf("%s is not on the dashboard", name)
		}
	}
}

// The alerts ask for what there is, and each says what to do.
func TestAlerts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../ops/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("../../ops/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	known := exported(t)
	n := 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			n++
			selectors(t, r.Alert, r.Expr, known)
			if r.Annotations["summary"] == "" || r.Annotations["action"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%s: without summary, action or severity", r.Alert)
			}
			if fires := regexp.MustCompile(fmt.Sprintf(`alertname: %s\n\s+exp_alerts`, r.Alert)); !fires.Match(tests) {
				t.Errorf("%s: alerts_test.yaml does not show that it fires", r.Alert)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d alerts", n)
	}
}

// Prometheus' own tool finds the rules right, and they do what alerts_test.yaml says.
func TestAlertsWithPromtool(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is missing; Debian has it in prometheus")
		}
		t.Skip("promtool is missing; Debian has it in prometheus")
	}
	cmd := exec.CommandContext(t.Context(), tool, "test", "rules", "alerts_test.yaml")
	cmd.Dir = filepath.Join("..", "..", "ops")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	check := exec.CommandContext(t.Context(), tool, "check", "metrics")
	m := build(t, full)
	m.Request("GET /{$}", 200, time.Millisecond)
	in, err := check.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(in, scrape(t, m)); in.Close() }()
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
