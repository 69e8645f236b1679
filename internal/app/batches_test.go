package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"utkik/crawler/crawltest"
)

// parish is a portal that lists items with a page of their own each. The first page of an item comes when a second is asked
// for: who asks for one at a time waits in vain.
type parish struct {
	*httptest.Server
	asked  atomic.Int64 // for pages of items
	second chan struct{}
}

func newParish(t *testing.T, items int) *parish {
	v := &parish{second: make(chan struct{})}
	pages := crawltest.Parish(items)
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/item/") {
			switch v.asked.Add(1) {
			case 1:
				select {
				case <-v.second:
				case <-r.Context().Done():
				}
			case 2:
				close(v.second)
			}
		}
		pages.ServeHTTP(w, r)
	}))
	t.Cleanup(v.Close)
	return v
}

// configure writes a configuration that reads the portal in batches.
func (v *parish) configure(t *testing.T, text string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mine", "sources")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "byalag.yaml"), crawltest.ParishSource(v.URL, 24*time.Hour, 5), 0o644); err != nil {
		t.Fatal(err)
	}
	return configure(t, fmt.Sprintf("files: {dir: %q}\ncrawler: {only: byalag, allow_private: true, delay: 0s}\n", filepath.Dir(dir))+text)
}

// Two machines ask for the pages of one source at the same time; it is judged once, whole.
func TestBatchesTogether(t *testing.T) {
	t.Parallel()
	v := newParish(t, 60)
	text := "store: {url: \"" + pg.URL(t) + "\"}\n"
	day := time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC)
	a, b := installation(t, v.configure(t, text), day), installation(t, v.configure(t, text), day)
	t.Cleanup(func() { closeApp(t, b); closeApp(t, a) })
	_, stopA := serve(t, a, "crawl")
	_, stopB := serve(t, b, "crawl")
	until(t, "the source is read", func() bool {
		r, err := a.Store.LastComplete(t.Context(), "byalag")
		return err == nil && r.Seen == 60
	})
	stopA()
	stopB()
	runs, err := a.Store.Runs(t.Context(), "byalag", 0)
	if err != nil || len(runs) != 1 || runs[0].Added != 60 || runs[0].Error != "" || runs[0].Requests < 61 {
		t.Errorf("runs %+v, %v", runs, err)
	}
	if n := v.asked.Load(); n != 60 {
		t.Errorf("%d pages were asked for; want 60, each once", n)
	}
	records, err := a.Store.Records(t.Context(), "byalag")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if _, ok := r.Call.LastDeadline(); !ok {
			t.Errorf("%s has no deadline: its page was not read", r.Call.Key())
		}
	}
}
