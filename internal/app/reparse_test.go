package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/demo"
	"utkik/internal/digest"
)

// counting serves the demo's portals and counts. before is called ahead of each answer.
type counting struct {
	portal   *demo.Portal
	requests atomic.Int64
	bodies   atomic.Int64 // bytes of answers but robots.txt
	before   atomic.Pointer[func(*http.Request)]
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.requests.Add(1)
	if f := c.before.Load(); f != nil {
		(*f)(r)
	}
	got := httptest.NewRecorder()
	c.portal.ServeHTTP(got, r)
	if r.URL.Path != "/robots.txt" {
		c.bodies.Add(int64(got.Body.Len()))
	}
	for k, v := range got.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(got.Code)
	_, _ = w.Write(got.Body.Bytes())
}

// serving starts the demo's portals and gives a configuration that watches them.
func serving(t *testing.T) (*counting, string) {
	t.Helper()
	c := &counting{portal: demo.New()}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, fmt.Sprintf("sources:\n  - {id: ft-portal, base: %[1]q, enabled: true, min_items: 20}\n  - {id: have-your-say, base: %[1]q, enabled: true, min_items: 5}\ncrawler: {only: \"ft-portal have-your-say\", allow_private: true, delay: 0s}\n", server.URL)
}

// TestUnchangedSite reads a site twice that has not changed: no body comes and no version is written.
func TestUnchangedSite(t *testing.T) {
	t.Parallel()
	site, text := serving(t)
	file := configure(t, text)
	read := func(at time.Time) app.RunLine {
		t.Helper()
		a := installation(t, file, at)
		defer closeApp(t, a)
		runs, err := a.Crawl(t.Context(), []string{"have-your-say"})
		if err != nil || !runs[0].OK() {
			t.Fatalf("%v: %+v", err, runs)
		}
		return runs[0]
	}
	day := site.portal.Days()[0]
	first := read(day)
	if first.Added == 0 || site.bodies.Load() == 0 {
		t.Fatalf("nothing came: %+v", first)
	}
	for n := 1; n <= 2; n++ {
		site.bodies.Store(0)
		again := read(day.AddDate(0, 0, n))
		if got := site.bodies.Load(); got != 0 {
			t.Errorf("%d bytes of bodies came, want none", got)
		}
		if again.Added+again.Changed+again.Gone != 0 || again.NotModified == 0 || again.Seen != first.Seen {
			t.Errorf("second crawl: %+v", again)
		}
	}
	a := installation(t, file, day)
	defer closeApp(t, a)
	records, err := a.Store.Records(t.Context(), "have-your-say")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Version != 1 {
			t.Errorf("%s has %d versions", r.Call.Key(), r.Version)
		}
	}
}

// TestReparseAfterMending reads stored documents again after the reading of one field was mended: without a request, with
// a version only where that field is read otherwise, marked as mended, and with no word in any digest.
func TestReparseAfterMending(t *testing.T) {
	t.Parallel()
	site, text := serving(t)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sources"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := configure(t, text+fmt.Sprintf("files: {dir: %q}\n", dir))
	source, err := os.ReadFile(filepath.Join("..", "..", "config", "sources", "ft-portal.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	day := site.portal.Days()[0]
	a := installation(t, file, day)
	crawl(t, a)
	before := changes(t, a)
	closeApp(t, a)

	// What states a day only is now known to close at another time of day.
	mended := strings.Replace(string(source), `clock: "17:00"`, `clock: "16:00"`, 1)
	if err := os.WriteFile(filepath.Join(dir, "sources", "ft-portal.yaml"), []byte(mended), 0o644); err != nil {
		t.Fatal(err)
	}
	next := day.AddDate(0, 0, 1)
	a = installation(t, file, next)
	defer closeApp(t, a)
	asked := site.requests.Load()
	runs, err := a.Reparse(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := site.requests.Load(); got != asked {
		t.Errorf("%d requests went out", got-asked)
	}
	altered := map[call.Key]bool{}
	for _, c := range changes(t, a)[len(before):] {
		altered[c.Key()] = true
		if c.Source != "ft-portal" || c.Field != "deadlines" || !c.Mended || c.Material {
			t.Errorf("change %+v, want a mended one of ft-portal's deadlines", c)
		}
	}
	if len(altered) == 0 || runs[0].Changed != len(altered) {
		t.Errorf("%d calls changed, the run says %d", len(altered), runs[0].Changed)
	}
	records, err := a.Store.Records(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	untouched := 0
	for _, r := range records {
		want := 1
		if altered[r.Call.Key()] {
			want = 2
		} else {
			untouched++
		}
		if r.Version != want {
			t.Errorf("%s has %d versions, want %d", r.Call.Key(), r.Version, want)
		}
	}
	if untouched == 0 {
		t.Error("every call was altered: the test proves nothing")
	}
	for _, d := range a.Plan.Departments {
		got, err := a.Digest(t.Context(), d.ID, next.Format(time.DateOnly), "sv")
		if err != nil {
			t.Fatal(err)
		}
		if got.Proof.Told != 0 || !got.Quiet() {
			t.Errorf("the digest of %s tells %d changes", d.ID, got.Proof.Told)
		}
		for _, l := range got.Proof.LeftOut {
			if l.Reason != digest.ReasonMended {
				t.Errorf("left out as %s: %d", l.Reason, l.Count)
			}
		}
	}
	// Once more: nothing.
	n := len(changes(t, a))
	if _, err := a.Reparse(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := len(changes(t, a)); got != n {
		t.Errorf("reading again a second time writes %d changes", got-n)
	}
}

// TestReparseOfAKilledCrawl: what a crawl had kept that died before it was judged is news, and stays so for the next crawl
// when the documents are only read again in between.
func TestReparseOfAKilledCrawl(t *testing.T) {
	t.Parallel()
	site, text := serving(t)
	days := site.portal.Days()
	file, calm := configure(t, text), configure(t, text)
	a := installation(t, file, days[0])
	crawl(t, a)
	closeApp(t, a)

	site.portal.SetDay(1)
	a = installation(t, file, days[1])
	before := changes(t, a)
	ctx, kill := context.WithCancel(t.Context())
	asked := 0
	stop := func(r *http.Request) { // late: lists and most details are kept by then
		if asked++; asked == 8 {
			kill()
		}
	}
	site.before.Store(&stop)
	if _, err := a.Crawl(ctx, []string{"ft-portal"}); err == nil {
		t.Fatal("the crawl was not killed")
	}
	site.before.Store(nil)
	closeApp(t, a)

	a = installation(t, file, days[1].Add(time.Hour))
	runs, err := a.Reparse(t.Context(), []string{"ft-portal"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, changes(t, a)); d != "" {
		t.Errorf("reading again tells news of the killed crawl (-before +after): %+v\n%s", runs, d)
	}
	closeApp(t, a)
	a = installation(t, file, days[1].Add(2*time.Hour))
	defer closeApp(t, a)
	crawl(t, a)

	// Beside it, an installation that was never killed.
	site.portal.SetDay(0)
	b := installation(t, calm, days[0])
	crawl(t, b)
	closeApp(t, b)
	site.portal.SetDay(1)
	b = installation(t, calm, days[1].Add(2*time.Hour))
	defer closeApp(t, b)
	crawl(t, b)
	if d := cmp.Diff(changes(t, b), changes(t, a), byKey, noSeq); d != "" {
		t.Errorf("change log (-never killed +killed):\n%s", d)
	}
}
