package ftportal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// replayDay is a day on which two cascade calls and six PROSPECT calls lack the field that their listing is
// sorted by, so that one order does not show them all, and on which one topic lacks its text.
const replayDay = "2026-05-19"

// startReplay starts the replay of the portal on a day, and gives its address.
func startReplay(t *testing.T, day string) string {
	t.Helper()
	script, err := filepath.Abs(shared(t, "replay.py"))
	if err != nil {
		t.Fatal(err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the replay of the portal needs python3: %v", err)
		}
		t.Skipf("SKIPPED: the replay of the portal needs python3: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), python, script, "--port", "0", "--day", day, "--seed", "7")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed: its exit status says nothing
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the replay said %q: %v", line, err)
	}
	_, rest, ok := strings.Cut(line, " on ")
	base, _, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 {
		t.Fatalf("the replay said %q", line)
	}
	return base
}

// drive asks and parses as the engine does, with nothing but net/http.
type drive struct {
	src    kind.Source
	client http.Client
	asked  map[string]int // requests by name
}

func (d *drive) fetch(r kind.Request) (kind.Page, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequest(method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return kind.Page{}, err
	}
	maps.Copy(req.Header, r.Header)
	resp, err := d.client.Do(req)
	if err != nil {
		return kind.Page{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return kind.Page{}, err
	}
	d.asked[r.Name]++
	if resp.StatusCode != http.StatusOK {
		return kind.Page{}, fmt.Errorf("%s: status %d: %s", r.Key(), resp.StatusCode, body)
	}
	p, err := Kind{}.Parse(d.src, kind.Document{Request: r, URL: r.URL, Status: resp.StatusCode, Header: resp.Header, Body: body})
	p.Name, p.State = r.Name, r.State
	return p, err
}

func (d *drive) collect(reqs []kind.Request) ([]kind.Page, error) {
	var pages []kind.Page
	seen := map[string]bool{}
	for len(reqs) > 0 {
		r := reqs[0]
		reqs = reqs[1:]
		if seen[r.Key()] {
			continue
		}
		seen[r.Key()] = true
		p, err := d.fetch(r)
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
		reqs = append(reqs, p.Next...)
	}
	return pages, nil
}

func (d *drive) run() (kind.Gathered, error) {
	pages, err := d.collect(Kind{}.Start(d.src))
	for err == nil {
		g := Kind{}.Gather(d.src, pages)
		if len(g.Next) == 0 {
			return g, nil
		}
		var more []kind.Page
		more, err = d.collect(g.Next)
		pages = append(pages, more...)
	}
	return kind.Gathered{}, err
}

// TestReplay reads the whole portal of one real day over HTTP and finds exactly that day's rows.
func TestReplay(t *testing.T) {
	t.Parallel()
	rows := lines[timelineRow](t, "timeline/rows.jsonl.gz")
	var days map[string][]int
	if err := json.Unmarshal(readShared(t, "timeline/days.json"), &days); err != nil {
		t.Fatal(err)
	}
	base := startReplay(t, replayDay)
	src := source
	src.Address = map[string]string{}
	for name, a := range source.Address { // as the engine does with a base
		_, path, _ := strings.Cut(strings.TrimPrefix(a, "https://"), "/")
		src.Address[name] = base + "/" + path
	}
	d := &drive{src: src, client: http.Client{Timeout: time.Minute}, asked: map[string]int{}}
	g, err := d.run()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, n := range days[replayDay] {
		want[refOf(rows[n].Reference, "en")] = true
	}
	var got []string
	without := 0
	for _, it := range g.Items {
		got = append(got, it.Call.Ref)
		if it.Hold != "" {
			t.Errorf("%s is held: %s", it.Call.Ref, it.Hold)
		}
		if it.Call.Text == "" {
			without++
		}
		if isCode(it.Call.Programme) || slices.ContainsFunc(it.Call.Divisions, isCode) {
			t.Errorf("%s has codes without label: %+v", it.Call.Ref, it.Call)
		}
	}
	if !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("%d items, want the day's %d", len(got), len(want))
	}
	for _, n := range g.Notes {
		t.Logf("note %s: %s", n.Ref, n.Text)
		if n.Gap {
			t.Errorf("gap: %s", n.Text)
		}
	}
	// 785 rows: 7 pages of topics; 2 of cascades and 1 of PROSPECT, twice.
	if want := map[string]int{nameTotal: 3, nameSearch: 13, nameFacet: 1, nameDetails: 1}; !maps.Equal(d.asked, want) {
		t.Errorf("requests %v, want %v", d.asked, want)
	}
	t.Logf("%d items, %d without text, requests %v", len(got), without, d.asked)

	// A recheck of calls that are still open finds none of them closed, and is a question that is understood.
	var some []call.Call
	for _, it := range g.Items[:120] {
		some = append(some, it.Call)
	}
	pages, err := d.collect(Kind{}.Recheck(src, some))
	if err != nil {
		t.Fatal(err)
	}
	if items := kind.Merge(pages); len(items) != 0 || len(pages) < 4 {
		t.Errorf("%d pages with %d items", len(pages), len(items))
	}

	// A maintenance page in the middle of it is an error, not an empty listing.
	resp, err := d.client.Post(base+"/__control", "application/json", strings.NewReader(`{"fault":{"garbage":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if _, err := d.run(); err == nil || !strings.Contains(err.Error(), "Service temporarily unavailable") {
		t.Errorf("got %v, want the maintenance page", err)
	}
}
