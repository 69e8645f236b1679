package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"utkik/config"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/store/storetest"
)

// installed opens an installation with an index, and what looks at its health by a clock that the test moves.
func installed(t *testing.T, text string) (a *App, h *health, forward func(time.Duration)) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "utkik.yaml")
	if err := os.WriteFile(file, []byte(text+"\nplan: rvn-2020\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Options{File: file, Flags: config.Flags{Data: filepath.Join(dir, "data"), Now: "2026-05-13T08:00:00Z"}})
	if err != nil {
		t.Fatal(err)
	}
	if a, err = Open(t.Context(), cfg, Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() }) // some tests have cut it
	run, err := a.Store.BeginRun(t.Context(), "ft-portal", "import", a.Now())
	if err != nil {
		t.Fatal(err)
	}
	c := call.Call{Source: "ft-portal", Ref: "1", Kind: call.KindCall, Title: "Tourism for all", Text: "Accessible tourism in rural regions.", URL: "https://example.org/1", Status: call.StatusOpen}
	if err := a.Store.Commit(t.Context(), run, store.Batch{Source: "ft-portal", At: a.Now(), Saves: []store.Save{{Call: c}}}); err != nil {
		t.Fatal(err)
	}
	if err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 13, 8, 0, 0, 0, time.UTC)
	h = &health{app: a, roles: AllRoles(), now: func() time.Time { return now }}
	h.came(nil)
	return a, h, func(d time.Duration) { now = now.Add(d) }
}

// probe asks an address as a probe does, and gives the parts that are not well.
func probe(t *testing.T, look func(context.Context) Health) (status int, ill []string) {
	t.Helper()
	w := httptest.NewRecorder()
	answerHealth(look)(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	var got Health
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	for _, p := range got.Parts {
		if p.Reason == "" || strings.ContainsAny(p.Reason, "/@") {
			t.Errorf("%s: reason %q is none, or names an address", p.Name, p.Reason)
		}
		if !p.OK {
			ill = append(ill, p.Name)
		}
	}
	if got.OK != (w.Code == http.StatusOK) || got.OK != (len(ill) == 0) {
		t.Errorf("%d with %s", w.Code, w.Body)
	}
	return w.Code, ill
}

func wantIll(t *testing.T, look func(context.Context) Health, want ...string) {
	t.Helper()
	if _, ill := probe(t, look); !slices.Equal(ill, want) {
		t.Errorf("not well: %q, want %q", ill, want)
	}
}

func TestWell(t *testing.T) {
	t.Parallel()
	_, h, _ := installed(t, "")
	wantIll(t, h.ready)
	wantIll(t, h.live)
}

// The follow loop that comes around without coming through makes the process not ready, and one that hangs ends as not alive.
func TestFollowStopped(t *testing.T) {
	t.Parallel()
	_, h, forward := installed(t, "")
	for range 7 { // it comes around, and the store refuses
		forward(time.Minute)
		h.came(errors.New("no answer"))
	}
	wantIll(t, h.ready, "follow")
	wantIll(t, h.live)
	h.came(nil)
	wantIll(t, h.ready)
	forward(2 * time.Hour) // it hangs
	wantIll(t, h.ready, "follow")
	wantIll(t, h.live, "follow")
	h.came(nil)
	h.ended.Store(true)
	wantIll(t, h.live, "follow")
}

// The loop itself tells that it came through, and that it has ended.
func TestFollowTells(t *testing.T) {
	t.Parallel()
	a, h, _ := installed(t, "")
	h.now = time.Now
	before := time.Now().Add(-time.Hour).UnixMilli()
	h.followed.Store(before)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); a.follow(ctx, nil, h) }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(time.Minute); h.followed.Load() == before; {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it has not come through within a minute")
		}
	}
	cancel()
	<-done
	wantIll(t, h.ready)
}

func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	a, h, _ := installed(t, "")
	db := filepath.Join(a.Config.Data, "utkik.db")
	if err := os.Rename(db, db+".gone"); err != nil {
		t.Fatal(err)
	}
	wantIll(t, h.ready, "schema") // what has the file open goes on answering
	if err := os.Rename(db+".gone", db); err != nil {
		t.Fatal(err)
	}
	wantIll(t, h.ready)
	if err := a.Store.Close(); err != nil {
		t.Fatal(err)
	}
	wantIll(t, h.ready, "store")
	wantIll(t, h.live) // to start anew would not mend the database
}

// A PostgreSQL server that fails is missed, and found again when it is back.
func TestServerGone(t *testing.T) {
	t.Parallel()
	var own storetest.Server
	t.Cleanup(own.Stop)
	_, h, _ := installed(t, "store: {url: \""+own.URL(t)+"\"}\n")
	wantIll(t, h.ready)
	if err := own.Halt(); err != nil {
		t.Fatal(err)
	}
	wantIll(t, h.ready, "store")
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	wantIll(t, h.ready)
}

// A byte that another program wrote into the index is found, and the next pass mends it.
func TestIndexSpoilt(t *testing.T) {
	t.Parallel()
	a, h, forward := installed(t, "")
	var file string
	err := filepath.WalkDir(a.indexDir(), func(path string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".zap") {
			file = path
		}
		return err
	})
	if err != nil || file == "" {
		t.Fatalf("no segment in %s: %v", a.indexDir(), err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{text[len(text)/2] ^ 0xff}, int64(len(text)/2))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	wantIll(t, h.ready, "index")
	if err := a.followOnce(t.Context(), &pages{app: a}); err != nil {
		t.Fatal(err)
	}
	forward(2 * time.Minute)
	h.came(nil)
	wantIll(t, h.ready)
}

// An answer that waits for something is ended before whoever asked gives up; what is long by its nature is not.
func TestBounded(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/": true, "/call/ft-portal/1": true, "/api/v1/search": true, "/export/search.csv": false, nodePath: false} {
		asked := false
		h := bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			asked = true
			if end, ok := r.Context().Deadline(); ok != want || ok && time.Until(end) > answerTime {
				t.Errorf("%s: bounded is %v, to %s, want %v", path, ok, end, want)
			}
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if !asked {
			t.Errorf("%s was not asked", path)
		}
	}
}
