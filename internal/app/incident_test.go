package app_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/config"
	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/watch"
)

// installation opens an app on a configuration file as of a time. Whoever calls closes it.
func installation(t *testing.T, file string, now time.Time) *app.App {
	t.Helper()
	cfg, err := config.Load(config.Options{File: file, Flags: config.Flags{Now: now.Format(time.RFC3339)}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(context.Background(), cfg, app.Options{Log: slog.New(slog.DiscardHandler), Progress: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// configure writes a configuration of its own data folder; text is what it says beside.
func configure(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "utkik.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "data: %q\nlog_level: warn\n%s", filepath.Join(dir, "data"), text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// row is a row of the timeline, as the portal's search gives it.
type row map[string]any

func (r row) metadata() map[string]any { return r["metadata"].(map[string]any) }

func (r row) get(field string) string {
	if v := r.all(field); len(v) > 0 {
		return v[0]
	}
	return ""
}

func (r row) all(field string) (out []string) {
	list, _ := r.metadata()[field].([]any)
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// with gives a copy of r with other metadata.
func (r row) with(t *testing.T, fields map[string][]string) row {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var out row
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	for f, values := range fields {
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		out.metadata()[f] = list
		if f == "REFERENCE" {
			out["reference"] = values[0]
		}
	}
	return out
}

func (r row) ref() string { return strings.TrimSuffix(fmt.Sprint(r["reference"]), "en") }

func stamp(day string) string { return day + "T00:00:00.000+0000" }

// timeline is a folder that the replayed portal reads.
type timeline struct {
	t    *testing.T
	dir  string
	rows []row
	days map[string][]int
}

func readTimeline(t *testing.T) *timeline {
	t.Helper()
	from := filepath.Join("..", "..", "..", "shared", "portals", "ft", "timeline")
	f, err := os.Open(filepath.Join(from, "rows.jsonl.gz"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("../shared/portals/ft is not beside this checkout")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	l := &timeline{t: t, dir: t.TempDir(), days: map[string][]int{}}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		l.rows = append(l.rows, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(from, "days.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &l.days); err != nil {
		t.Fatal(err)
	}
	texts, err := os.ReadFile(filepath.Join(from, "texts.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "texts.jsonl.gz"), texts, 0o644); err != nil {
		t.Fatal(err)
	}
	return l
}

// of gives the rows of a day, each reference once.
func (l *timeline) of(day string) []row {
	at := map[string]int{}
	var out []row
	for _, i := range l.days[day] {
		r := l.rows[i]
		if n, ok := at[r.ref()]; ok {
			out[n] = r
			continue
		}
		at[r.ref()] = len(out)
		out = append(out, r)
	}
	return out
}

// serve starts the portal with those days and gives its address.
func (l *timeline) serve(days map[string][]row) string {
	l.t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			l.t.Fatal(err)
		}
		l.t.Skip("python3 is not installed: the replayed portal needs it")
	}
	var raw bytes.Buffer
	z := gzip.NewWriter(&raw)
	enc := json.NewEncoder(z)
	places := map[string][]int{}
	n := 0
	for day, rows := range days {
		for _, r := range rows {
			if err := enc.Encode(r); err != nil {
				l.t.Fatal(err)
			}
			places[day] = append(places[day], n)
			n++
		}
	}
	if err := z.Close(); err != nil {
		l.t.Fatal(err)
	}
	b, err := json.Marshal(places)
	if err != nil {
		l.t.Fatal(err)
	}
	for name, data := range map[string][]byte{"rows.jsonl.gz": raw.Bytes(), "days.json": b} {
		if err := os.WriteFile(filepath.Join(l.dir, name), data, 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(l.t.Context(), python, filepath.Join("..", "..", "..", "shared", "portals", "ft", "replay.py"),
		"--port", "0", "--seed", "1", "--timeline", l.dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		l.t.Fatalf("the replay did not start: %v", err)
	}
	for _, word := range strings.Fields(line) {
		if strings.HasPrefix(word, "http://") {
			return word
		}
	}
	l.t.Fatalf("no address in %q", line)
	return ""
}

// forgetful passes requests on to a portal. While it forgets, it takes the question for a data source out of the query, as
// the portal is known to ignore parts of a query that it does not like.
type forgetful struct {
	*httputil.ReverseProxy
	forgets atomic.Bool
	t       *testing.T
}

func (f *forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.forgets.Load() && strings.HasPrefix(r.URL.Path, "/search-api/") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			f.t.Error(err)
		}
		less := regexp.MustCompile(`,?\{"terms":\{"DATASOURCE":\["SEDIA"\]\}\}`).ReplaceAll(body, nil)
		if len(less) == len(body) {
			f.t.Errorf("no question for a data source to forget in %s", body)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(less)), int64(len(less))
	}
	f.ReverseProxy.ServeHTTP(w, r)
}

// TestIndexIncident plays what the portal did on 2026-06-27, made of real rows: its open list grew from 449 to 1,235 rows
// overnight, by 490 stale rows marked open and 296 rows of another data source, and a handful of known rows fell back to
// old values, for five days. Only what truly happened on these days may be told, and on its day, and what a person
// decides meanwhile; the source is quarantined until it is over, which the operator is told once.
func TestIndexIncident(t *testing.T) {
	t.Parallel()
	l := readTimeline(t)
	base := l.of("2026-06-20")
	slices.SortFunc(base, func(a, b row) int { return strings.Compare(a.ref(), b.ref()) })
	const forthcoming, open = "31094501", "31094502"

	// What goes wrong, by the row that it befalls.
	bad := map[string]map[string][]string{}
	taken := map[string]bool{}
	// pick takes the first n rows that fit and gives each its false values.
	pick := func(what string, n int, fits func(row) bool, change func(row) map[string][]string) []row {
		t.Helper()
		var out []row
		for _, r := range base {
			if len(out) < n && r.get("type") == "1" && !taken[r.ref()] && fits(r) {
				taken[r.ref()] = true
				if change != nil {
					bad[r.ref()] = change(r)
				}
				out = append(out, r)
			}
		}
		if len(out) != n {
			t.Fatalf("%s: want %d rows of the day that are so, found %d", what, n, len(out))
		}
		return out
	}
	dates := func(r row) []string { d := r.all("deadlineDate"); slices.Sort(d); return d }
	between := func(s, from, to string) bool { return s >= from && s < to }
	pick("a cut-off is lost", 3, func(r row) bool {
		d := dates(r)
		return r.get("status") == open && len(d) == 2 && d[0] > "2026-07-10"
	}, func(r row) map[string][]string { return map[string][]string{"deadlineDate": dates(r)[1:]} })
	fallen := pick("the deadline falls back", 6, func(r row) bool { return r.get("status") == open && len(dates(r)) == 1 && dates(r)[0] > "2026-08-01" },
		func(row) map[string][]string { return map[string][]string{"deadlineDate": {stamp("2024-02-01")}} })
	pick("the deadline falls back, and would pass meanwhile", 1, func(r row) bool {
		return r.get("status") == open && len(dates(r)) == 1 && between(dates(r)[0], "2026-06-22", "2026-06-26")
	}, func(row) map[string][]string { return map[string][]string{"deadlineDate": {stamp("2024-02-01")}} })
	pick("forthcoming, with the values of an old call", 3, func(r row) bool { return r.get("status") == forthcoming },
		func(row) map[string][]string {
			return map[string][]string{"deadlineDate": {stamp("2023-11-02")}, "status": {open}}
		})
	pick("forthcoming, marked open", 2, func(r row) bool { return r.get("status") == forthcoming && r.get("startDate") > "2026-08-01" },
		func(row) map[string][]string { return map[string][]string{"status": {open}} })
	var noise []row
	for i := range 490 {
		r := base[i%len(base)]
		for k := i; r.get("type") != "1"; k++ {
			r = base[k%len(base)]
		}
		id := fmt.Sprintf("OLD-2023-%03d", i)
		noise = append(noise, r.with(t, map[string][]string{"REFERENCE": {fmt.Sprintf("9%07dTOPICSen", i)}, "identifier": {id}, "callIdentifier": {"OLD-2023"},
			"deadlineDate": {stamp("2023-11-15")}, "startDate": {stamp("2023-05-15")}, "status": {open}}))
	}
	for i := range 296 {
		r := base[i]
		noise = append(noise, r.with(t, map[string][]string{"REFERENCE": {fmt.Sprintf("8%07dTOPICSen", i)}, "DATASOURCE": {"SEDIA_PRD_CENTRICITY"}, "status": {open}}))
	}
	openRows := 0
	for _, r := range base {
		if r.get("status") == open {
			openRows++
		}
	}
	if openRows+len(noise) < 1235 {
		t.Errorf("the open list grows from %d by %d rows, want to 1,235 at least", openRows, len(noise))
	}

	// What truly happens in these days, by the day on which it does.
	extended := pick("extended", 1, func(r row) bool { return r.get("status") == open && len(dates(r)) == 1 && dates(r)[0] > "2026-09-01" }, nil)[0]
	opened := pick("opened", 1, func(r row) bool { return r.get("status") == forthcoming && r.get("startDate") > "2026-06-24" }, nil)[0]
	fresh := extended.with(t, map[string][]string{"REFERENCE": {"70000001TOPICSen"}, "identifier": {"NEW-2026-01"}, "deadlineDate": {stamp("2026-12-01")}})
	later := stamp("2027-01-14")

	days := []string{}
	served := map[string][]row{}
	for n := range 9 {
		day := time.Date(2026, 6, 20+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		days = append(days, day)
		incident := n >= 1 && n < 6
		for _, r := range base {
			switch {
			case incident && bad[r.ref()] != nil:
				r = r.with(t, bad[r.ref()])
			case n >= 3 && r.ref() == extended.ref():
				r = r.with(t, map[string][]string{"deadlineDate": {later}})
			case n >= 4 && r.ref() == opened.ref():
				r = r.with(t, map[string][]string{"status": {open}, "startDate": {stamp(day)}})
				if n > 4 {
					r = r.with(t, map[string][]string{"startDate": {stamp("2026-06-24")}})
				}
			}
			served[day] = append(served[day], r)
		}
		if n >= 2 {
			served[day] = append(served[day], fresh)
		}
		if incident {
			served[day] = append(served[day], noise...)
		}
	}
	// Of the rows that fell back one is released by a person on the fourth day of the incident: it is told as the portal
	// said, and told again when the portal says otherwise. The stale rows are dropped on the third.
	const dropped, released = 3, 4
	want := map[string][]string{
		days[2]: {"new " + fresh.ref()},
		days[3]: {"deadlines " + extended.ref()},
		days[4]: {"opened " + opened.ref(), "deadlines " + fallen[0].ref()},
		days[6]: {"deadlines " + fallen[0].ref()},
	}

	portal := l.serve(served)
	target, err := url.Parse(portal)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &forgetful{ReverseProxy: httputil.NewSingleHostReverseProxy(target), t: t}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	file := configure(t, fmt.Sprintf("sources:\n  - {id: ft-portal, base: %q, delay: 0s}\ncrawler: {only: ft-portal, allow_private: true, delay: 0s}\n", front.URL))
	for n, day := range days {
		resp, err := http.Post(portal+"/__control", "application/json", strings.NewReader(fmt.Sprintf(`{"day": %q}`, day)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		at, err := time.Parse(time.RFC3339, day+"T06:00:00Z")
		if err != nil {
			t.Fatal(err)
		}
		a := installation(t, file, at)
		proxy.forgets.Store(n == 2)
		runs, err := a.Crawl(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		incident := n >= 1 && n < 6
		if r := runs[0]; r.Complete == proxy.forgets.Load() || r.Suspect != incident || r.OK() == incident {
			t.Errorf("%s: complete %v, suspect %v; want %v, %v: %s %q", day, r.Complete, r.Suspect, !proxy.forgets.Load(), incident, r.Error, r.Notes)
		}
		if r := runs[0]; incident && n <= dropped && r.Quarantined < 490+3+7+5 {
			t.Errorf("%s: %d held, want the stale rows and every row with old values", day, r.Quarantined)
		}
		switch n {
		case dropped:
			done, left, err := a.Rule(t.Context(), "ft-portal", store.Dropped, nil, "stale crowd:", "the portal's index is out of order")
			if err != nil || len(done) < 490 || len(left) != 0 {
				t.Errorf("%s: dropped %d, left %d: %v", day, len(done), len(left), err)
			}
		case released:
			done, _, err := a.Rule(t.Context(), "ft-portal", store.Released, []string{fallen[0].ref()}, "", "the portal says so on the phone")
			if err != nil || len(done) != 1 {
				t.Errorf("%s: released %d: %v", day, len(done), err)
			}
		}
		held, err := a.Store.Holds(t.Context(), "ft-portal")
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range held {
			if n >= released && h.Ref == fallen[0].ref() || n >= dropped && strings.HasPrefix(h.Reason, "stale crowd:") {
				t.Errorf("%s: held again after a decision: %s: %s", day, h.Ref, h.Reason)
			}
		}
		standing(t, a, day, incident)
		if n == 1 || n == 6 {
			proved(t, a, day, incident)
		}
		changes, err := a.Store.Changes(t.Context(), store.ChangeQuery{Since: at, Until: at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range changes {
			switch c.Event {
			case call.EventClosed, call.EventText, call.EventOpens: // days pass
			default:
				if !c.Baseline {
					got = append(got, string(c.Event)+" "+c.Ref)
				}
			}
		}
		if d := cmp.Diff(want[day], got); d != "" {
			t.Errorf("%s: events (-want +got):\n%s", day, d)
		}
		t.Logf("%s: seen %d, held %d, suspect %v, changed %d", day, runs[0].Seen, runs[0].Quarantined, runs[0].Suspect, runs[0].Changed)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	proxy.forgets.Store(false)
	a := installation(t, file, time.Date(2026, 6, 28, 12, 0, 0, 0, time.UTC))
	defer a.Close()
	records, err := a.Store.Records(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if strings.HasPrefix(r.Call.Ref, "80000") || strings.HasPrefix(r.Call.Ref, "90000") {
			t.Errorf("let in: %s: %s", r.Call.Ref, r.Call.Identifier)
		}
	}
	held, err := a.Store.Holds(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range held {
		if strings.HasPrefix(h.Ref, "80000") || strings.HasPrefix(h.Reason, "stale crowd:") || bad[h.Ref] != nil {
			t.Errorf("still held: %s: %s", h.Ref, h.Reason)
		}
	}
}

// standing holds how the source stands on a day to whether the incident goes on.
func standing(t *testing.T, a *app.App, day string, incident bool) {
	t.Helper()
	all, err := a.Sources(t.Context(), "ft-portal")
	if err != nil {
		t.Fatal(err)
	}
	if got := all[0]; (got.State == watch.Quarantined) != incident || incident && got.Since.Format(time.DateOnly) != "2026-06-21" {
		t.Errorf("%s: %s since %s: %s; want quarantined: %v", day, got.State, got.Since, got.Reason, incident)
	}
}

// proved holds what a digest's proof says of the source to the same.
func proved(t *testing.T, a *app.App, day string, incident bool) {
	t.Helper()
	d, err := a.Digest(t.Context(), "regionledning", day, "sv")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Proof.Sources[0].State; (got == watch.Quarantined) != incident {
		t.Errorf("%s: the digest says %s; want quarantined: %v", day, got, incident)
	}
}
