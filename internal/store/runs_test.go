package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		begin := func(source, kind string, n int) Run {
			t.Helper()
			r, err := s.BeginRun(ctx, source, kind, day(n))
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		end := func(r Run) {
			t.Helper()
			if err := s.EndRun(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.LastComplete(ctx, "ft-portal"); !errors.Is(err, ErrNotFound) {
			t.Errorf("before any run: %v", err)
		}
		one := begin("ft-portal", "crawl", 1)
		if diff := cmp.Diff(Run{ID: one.ID, Source: "ft-portal", Kind: "crawl", Started: day(1)}, one); diff != "" {
			t.Errorf("begun (-want +got):\n%s", diff)
		}
		_, err := s.BeginRun(ctx, "ft-portal", "reparse", day(2))
		if !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), "source ft-portal: another run of it has been going on since 2026-06-28T04:30:00Z") {
			t.Errorf("second: %v", err)
		}
		other := begin("a/b and c", "crawl", 1) // another source is free, whatever its name
		end(other)
		one.Ended = day(1).Add(time.Hour)
		one.Requests, one.NotModified, one.Bytes, one.Seen, one.Added, one.Changed, one.Gone, one.Quarantined = 1, 2, 1<<40, 4, 5, 6, 7, 8
		one.Complete, one.Baseline, one.Suspect, one.Error, one.Notes = true, true, true, "a page was late", []string{"one", "två"}
		end(one)
		end(one) // no harm

		two := begin("ft-portal", "crawl", 2)
		two.Error = "status 503"
		end(two)
		two.Ended = epoch // the store's clock
		three := begin("ft-portal", "reparse", 3)
		three.Complete, three.Ended = true, day(3)
		end(three)

		got, err := s.Runs(ctx, "ft-portal", 0)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Run{three, two, one}, got); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		other.Ended = epoch
		if got, err = s.Runs(ctx, "", 3); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Run{three, two, other}, got); diff != "" {
			t.Errorf("runs of all (-want +got):\n%s", diff)
		}
		last, err := s.LastComplete(ctx, "ft-portal") // neither the failed crawl nor the reparse
		if diff := cmp.Diff(one, last); diff != "" || err != nil {
			t.Errorf("last complete: %v (-want +got):\n%s", err, diff)
		}

		// A second end of an earlier run does not free the source that a later one holds.
		four := begin("ft-portal", "crawl", 4)
		end(three)
		if _, err := s.BeginRun(ctx, "ft-portal", "crawl", day(5)); !errors.Is(err, ErrRunning) {
			t.Errorf("got %v, want ErrRunning", err)
		}
		end(four)
		if err := s.EndRun(ctx, Run{ID: 99, Source: "ft-portal"}); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown run: %v", err)
		}
	})
}

// A run whose process is killed frees its source, and is seen as interrupted.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	addresses(t, testTwoProcesses)
}

func testTwoProcesses(t *testing.T, url string) {
	s, err := open(t, url)
	if err != nil {
		t.Fatal(err)
	}
	cmd, lines := spawn(t, "hold", url)
	if !lines.Scan() || lines.Text() != "holding" {
		t.Fatalf("the other process: %q", lines.Text())
	}
	if _, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1)); !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), day(0).Format(time.RFC3339)) {
		t.Errorf("while the other holds it: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	freed(t, s, "run-ft-portal")
	run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Runs(t.Context(), "ft-portal", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []Run{run, {ID: run.ID - 1, Source: "ft-portal", Kind: "crawl", Started: day(0), Ended: day(1), Error: "interrupted", Fault: kind.FaultProgram}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a killed process had committed is whole, and nothing else is there.
func TestKilled(t *testing.T) {
	t.Parallel()
	addresses(t, testKilled)
}

func testKilled(t *testing.T, url string) {
	s, err := open(t, url)
	if err != nil {
		t.Fatal(err)
	}
	committed := 0
	for n := range 3 {
		freed(t, s, "run-ft-portal")
		cmd, lines := spawn(t, "commit", url)
		for range n + 2 {
			if !lines.Scan() || lines.Text() != "committed" {
				t.Fatalf("the other process: %q", lines.Text())
			}
			committed++
		}
		cmd.Process.Kill()
		for lines.Scan() { // commits between the last line read and the kill
			if lines.Text() == "committed" {
				committed++
			}
		}
		cmd.Wait()
	}
	freed(t, s, "run-ft-portal")
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	log, err := s.Changes(t.Context(), ChangeQuery{})
	if err != nil {
		t.Fatal(err)
	}
	// The last commit of each process may have been saved without its line being heard.
	if len(log)%40 != 0 || len(log) < committed*40 || len(log) > (committed+3)*40 {
		t.Errorf("%d changes after %d commits of 40", len(log), committed)
	}
	err = s.EachRecord(t.Context(), func(r Record) error {
		if r.Version != len(log)/40 {
			return fmt.Errorf("%s has %d versions, want %d", r.Call.Key(), r.Version, len(log)/40)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func answer(url, body string) kind.Document {
	return kind.Document{
		Request: kind.Request{Name: "search", Method: http.MethodPost, URL: url, Header: http.Header{"X-Api": {"SEDIA"}}, Body: []byte("page=1"),
			Accept: []string{"application/json"}, State: "1", Stamp: "v1", Optional: true},
		URL: url + "?final", Status: 200, Header: http.Header{"Etag": {`"1"`}, "Vary": {"a", "b"}}, Fetched: day(1), Body: []byte(body),
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		run, err := s.BeginRun(ctx, "ft-portal", "crawl", day(1))
		if err != nil {
			t.Fatal(err)
		}
		first, second := answer("https://example.eu/a", "körsbär\x00\xff"), answer("https://example.eu/b", "körsbär\x00\xff")
		second.NotModified = true
		bad, failed, empty := answer("https://example.eu/a", "<html>"), answer("https://example.eu/a", "sorry"), answer("https://example.eu/c", "")
		failed.Status = 503
		empty.Body, empty.Header, empty.Request = []byte{}, nil, kind.Request{URL: "https://example.eu/c"}
		type doc struct {
			D       kind.Document
			Problem string
		}
		want := []doc{{first, ""}, {second, ""}, {bad, "not JSON"}, {failed, ""}, {empty, ""}}
		for _, d := range want {
			if err := s.KeepDocument(ctx, run, d.D, d.Problem); err != nil {
				t.Fatal(err)
			}
		}
		var got []doc
		err = s.Documents(ctx, run.ID, func(d kind.Document, problem string) error {
			got = append(got, doc{d, problem})
			return nil
		})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		stop := errors.New("enough")
		if err := s.Documents(ctx, run.ID, func(kind.Document, string) error { return stop }); err != stop {
			t.Errorf("got %v, want the reader's own error", err)
		}
		d, err := s.Document(ctx, "ft-portal", first.Request.Key()) // not the later one with a problem, nor the failed
		if diff := cmp.Diff(first, d); diff != "" || err != nil {
			t.Errorf("newest good: %v (-want +got):\n%s", err, diff)
		}
		for _, k := range [][2]string{{"other", first.Request.Key()}, {"ft-portal", "GET https://example.eu/a"}} {
			if _, err := s.Document(ctx, k[0], k[1]); !errors.Is(err, ErrNotFound) {
				t.Errorf("%v: got %v, want ErrNotFound", k, err)
			}
		}
		var bodies int
		if err := s.reader.QueryRow("SELECT COUNT(*) FROM bodies").Scan(&bodies); err != nil || bodies != 4 {
			t.Errorf("%d bodies for 4 different ones, %v", bodies, err)
		}
		if err := s.KeepDocument(ctx, Run{ID: 99, Source: "ft-portal"}, first, ""); err == nil {
			t.Error("kept a document of a run that is not there")
		}
	})
}

// Documents that are kept at the same time share transactions; a refused one refuses only itself.
// A version tells which answers it was read from: those of its run or before, and newer ones where they are forgotten.
func TestOriginals(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		list, page := answer("https://example.eu/list", ""), answer("https://example.eu/a", "")
		read := func(n int, title string, docs ...kind.Document) {
			t.Helper()
			run, err := s.BeginRun(ctx, "ft-portal", "crawl", day(n))
			if err != nil {
				t.Fatal(err)
			}
			var from []string
			for _, d := range docs {
				d.Body = []byte(fmt.Sprint(title, " in ", d.Request.URL))
				d.Fetched = day(n)
				if err := s.KeepDocument(ctx, run, d, ""); err != nil {
					t.Fatal(err)
				}
				from = append(from, d.Request.Key())
			}
			c := sample("ft-portal", "A")
			c.Title = title
			run.Ended, run.Complete = day(n), true
			if err := s.Commit(ctx, run, Batch{Source: "ft-portal", At: day(n), Saves: []Save{{Call: c, Version: true, From: from}}}); err != nil {
				t.Fatal(err)
			}
		}
		read(1, "first", list, page)
		read(2, "second", list, page)
		read(3, "third", page)
		read(4, "fourth")
		check := func(want ...[]string) {
			t.Helper()
			vs, err := s.Versions(ctx, call.Key{Source: "ft-portal", Ref: "A"})
			if err != nil || len(vs) != len(want) {
				t.Fatalf("%d versions, %v", len(vs), err)
			}
			for i := range vs {
				docs, err := s.Originals(ctx, "ft-portal", &vs[i])
				var got []string
				for _, d := range docs {
					body, err := s.Body(ctx, d.Hash)
					if err != nil || d.Type != page.Header.Get("Content-Type") || !strings.HasSuffix(d.URL, "?final") {
						t.Errorf("%+v: %v", d, err)
					}
					got = append(got, string(body))
				}
				if d := cmp.Diff(want[i], got); d != "" || err != nil {
					t.Errorf("version %d (-want +got): %v\n%s", vs[i].N, err, d)
				}
			}
		}
		both := func(title string) []string {
			return []string{title + " in https://example.eu/list", title + " in https://example.eu/a"}
		}
		third := []string{"third in https://example.eu/a"}
		check(both("first"), both("second"), third, nil)
		if _, err := s.PruneDocuments(ctx, "ft-portal", day(2)); err != nil {
			t.Fatal(err)
		}
		check([]string{both("second")[0], third[0]}, both("second"), third, nil)
	})
}

func TestDocumentsTogether(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
		if err != nil {
			t.Fatal(err)
		}
		const workers, each = 8, 12
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					err := s.KeepDocument(t.Context(), run, answer(fmt.Sprintf("https://example.eu/%d", w), fmt.Sprint("body ", i)), "")
					if err != nil {
						t.Error(err)
					}
					if err := s.KeepDocument(t.Context(), Run{ID: 99, Source: "ft-portal"}, answer("https://example.eu/x", "x"), ""); err == nil {
						t.Error("kept a document of a run that is not there")
					}
				}
			})
		}
		wg.Wait()
		next := map[string]int{}
		err = s.Documents(t.Context(), run.ID, func(d kind.Document, _ string) error {
			if got, want := string(d.Body), fmt.Sprint("body ", next[d.Request.URL]); got != want {
				t.Errorf("%s: got %q, want %q", d.Request.URL, got, want)
			}
			next[d.Request.URL]++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for w := range workers {
			if n := next[fmt.Sprintf("https://example.eu/%d", w)]; n != each {
				t.Errorf("worker %d: %d documents", w, n)
			}
		}
	})
}

func TestPruneDocuments(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		// For each day: what page a answers, and what page b.
		for n, d := range []struct {
			complete bool
			a, b     string
			problem  string // of a
			status   int    // of a
		}{
			{true, "a0", "b", "", 200},
			{true, "a1", "b", "", 200},
			{false, "a2", "", "", 200}, // the newest good answer of a
			{true, "a3", "b", "", 503},
			{false, "a4", "b2", "not JSON", 200},
			{false, "a5", "", "not JSON", 200}, // the newest of a
		} {
			run, err := s.BeginRun(ctx, "ft-portal", "crawl", day(n))
			if err != nil {
				t.Fatal(err)
			}
			keep := func(url, body, problem string, status int) {
				t.Helper()
				doc := answer(url, body)
				doc.Fetched, doc.Status = day(n), status
				if err := s.KeepDocument(ctx, run, doc, problem); err != nil {
					t.Fatal(err)
				}
			}
			keep("https://example.eu/a", d.a, d.problem, d.status)
			if d.b != "" {
				keep("https://example.eu/b", d.b, "", 200)
			}
			run.Complete = d.complete
			if err := s.EndRun(ctx, run); err != nil {
				t.Fatal(err)
			}
		}
		left := func() []string {
			t.Helper()
			var out []string
			runs, err := s.Runs(ctx, "ft-portal", 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range runs {
				err := s.Documents(ctx, r.ID, func(d kind.Document, _ string) error {
					out = append(out, fmt.Sprintf("%d %s", int(d.Fetched.Sub(epoch).Hours()/24), d.Body))
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			return out
		}
		if n, err := s.PruneDocuments(ctx, "other", day(9)); n != 0 || err != nil {
			t.Errorf("another source: %d, %v", n, err)
		}
		if n, err := s.PruneDocuments(ctx, "ft-portal", day(1)); n != 2 || err != nil {
			t.Errorf("before day 1: %d, %v", n, err)
		}
		if diff := cmp.Diff([]string{"5 a5", "4 a4", "4 b2", "3 a3", "3 b", "2 a2", "1 a1", "1 b"}, left()); diff != "" {
			t.Errorf("before day 1 (-want +got):\n%s", diff)
		}
		if n, err := s.PruneDocuments(ctx, "ft-portal", day(9)); n != 3 || err != nil {
			t.Errorf("before day 9: %d, %v", n, err)
		}
		if diff := cmp.Diff([]string{"5 a5", "4 b2", "3 a3", "3 b", "2 a2"}, left()); diff != "" {
			t.Errorf("before day 9 (-want +got):\n%s", diff)
		}
		var bodies int
		if err := s.reader.QueryRow("SELECT COUNT(*) FROM bodies").Scan(&bodies); err != nil || bodies != 5 {
			t.Errorf("%d bodies, %v, want 5", bodies, err)
		}
		// A body that was pruned is kept anew when it comes again.
		run, err := s.BeginRun(ctx, "ft-portal", "crawl", day(10))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.KeepDocument(ctx, run, answer("https://example.eu/a", "a0"), ""); err != nil {
			t.Error(err)
		}
		if d, err := s.Document(ctx, "ft-portal", answer("https://example.eu/a", "").Request.Key()); err != nil || string(d.Body) != "a0" {
			t.Errorf("%q, %v", d.Body, err)
		}
	})
}

func TestBeginRunCancelled(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.BeginRun(ctx, "ft-portal", "crawl", day(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1)); err != nil { // the hold was let go
		t.Error(err)
	}
	if _, err := s.BeginRun(t.Context(), "", "crawl", day(1)); err == nil {
		t.Error("a run of no source")
	}
	if _, err := s.Record(t.Context(), call.Key{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
