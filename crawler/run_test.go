package crawler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

func TestRunReadsAListing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "listing all\ntotal 3\nitem a Alpha\nnext BASE/list2\nnext BASE/list2\nnext BASE/list")
	p.page("/list2", "listing all\nitem b\nitem c\nfill a Other\nfill b Beta")
	s := newShelf()
	rep := crawl(t, quick(), p.source(), lines{}, s)
	if !rep.Complete || !rep.Listed || rep.Err != "" {
		t.Errorf("complete %v, listed %v, err %q", rep.Complete, rep.Listed, rep.Err)
	}
	if got, want := refs(rep), "a b c"; got != want {
		t.Errorf("items %q, want %q", got, want)
	}
	if got, want := rep.Items[1].Call.Title, "Beta"; got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	if rep.Requests != 3 || rep.Seen != 3 || rep.Bytes == 0 { // robots.txt and two pages
		t.Errorf("requests %d, seen %d, bytes %d", rep.Requests, rep.Seen, rep.Bytes)
	}
	if len(s.kept) != 2 || s.kept[0].Status != 200 || !s.kept[0].Fetched.Equal(then) || s.kept[0].URL != p.URL+"/list" {
		t.Errorf("kept %+v", s.kept)
	}
}

func TestRunIncomplete(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, list string
		min        int
		complete   bool
		err        string
		items      string
	}{
		{"whole", "listing x\nitem a", 1, true, "", "a"},
		{"missing page", "item a\nnext BASE/none", 0, false, "source village: GET BASE/none: status 404", "a"},
		{"optional page missing", "item a\nmaybe BASE/none", 0, true, "", "a"},
		{"parse error", "item a\nnext BASE/odd", 0, false, "source village: GET BASE/odd: line \"bad\"", "a"},
		{"panic", "item a\nnext BASE/panic", 0, false, "panic: out of words", "a"},
		{"note", "item a\nnote odd row", 0, true, "", "a"},
		{"gap", "item a\ngap row 7 is lost", 0, false, "row 7 is lost", "a"},
		{"too few", "item a", 2, false, "1 items, fewer than the 2 of a healthy run", "a"},
		{"total", "listing x\ntotal 5\nitem a", 0, false, "listing x says it has 5 items and shows 1", "a"},
		{"foreign host", "item a\nnext http://elsewhere.example/x", 0, false, "host elsewhere.example is none of the source's", "a"},
		{"two gaps", "gap one\ngap two\ngap three", 0, false, "one (and 2 more)", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.page("/list", test.list)
			p.page("/odd", "bad")
			p.page("/panic", "panic")
			src := p.source()
			src.Expect.MinItems = test.min
			rep := crawl(t, quick(), src, lines{}, newShelf())
			if rep.Complete != test.complete {
				t.Errorf("complete %v, want %v", rep.Complete, test.complete)
			}
			if want := strings.ReplaceAll(test.err, "BASE", p.URL); !strings.Contains(rep.Err, want) || want == "" && rep.Err != "" {
				t.Errorf("err %q, want %q", rep.Err, want)
			}
			if got := refs(rep); got != test.items {
				t.Errorf("items %q, want %q", got, test.items)
			}
		})
	}
}

func TestProblemsAreKept(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "item a\nbad")
	s := newShelf()
	rep := crawl(t, quick(), p.source(), lines{}, s)
	wantErr(t, rep, "line")
	if len(s.problems) != 1 || !strings.Contains(s.problems[0], "line") || string(s.kept[0].Body) != "item a\nbad" {
		t.Errorf("kept %+v with %q", s.kept, s.problems)
	}
	if _, ok, _ := s.Stored(t.Context(), s.kept[0].Request.Key()); ok {
		t.Error("a document that did not parse is stored as good")
	}
}

func TestSinkFailureEndsRun(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "item a")
	s := newShelf()
	s.broken = errSpoiled
	rep, err := engine(t, quick()).Run(t.Context(), p.source(), lines{}, s)
	if !errors.Is(err, errSpoiled) || rep.Complete {
		t.Errorf("err %v, complete %v", err, rep.Complete)
	}
}

func TestStampSparesTheRequest(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	stamp := "v1"
	p.mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "stamp %s/one %s", p.URL, stamp) })
	p.page("/one", "item a")
	s, cfg := newShelf(), quick()
	crawl(t, cfg, p.source(), lines{}, s)
	rep := crawl(t, cfg, p.source(), lines{}, s)
	if p.seen("GET /one") != 1 || rep.NotModified != 1 || refs(rep) != "a" {
		t.Errorf("asked %d times, not modified %d, items %q", p.seen("GET /one"), rep.NotModified, refs(rep))
	}
	stamp = "v2"
	crawl(t, cfg, p.source(), lines{}, s)
	if p.seen("GET /one") != 2 {
		t.Errorf("asked %d times after the stamp changed, want 2", p.seen("GET /one"))
	}
}

// rereader is a kind that reads its listing in another order until it is whole.
type rereader struct {
	lines
	want int
}

func (k rereader) Gather(src kind.Source, pages []kind.Page) kind.Gathered {
	g := kind.Gathered{Items: kind.Merge(pages)}
	if len(g.Items) < k.want {
		g.Next = []kind.Request{{URL: fmt.Sprintf("%s?order=%d", src.Address["list"], len(pages))}}
		g.Notes = []kind.Note{{Text: "rows are missing", Gap: true}}
	}
	return g
}

func TestGatherAsksAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want   int
		err    string
		rounds int
	}{{3, "", 3}, {1000, "not whole after 8 readings", 8}} {
		p := newPortal(t)
		n := 0
		p.mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) { n++; fmt.Fprintf(w, "item r%d", n) })
		rep := crawl(t, quick(), p.source(), rereader{want: test.want}, newShelf())
		if n != test.rounds || !strings.Contains(rep.Err, test.err) || (rep.Err == "") != (test.err == "") {
			t.Errorf("want %d: %d readings, err %q", test.want, n, rep.Err)
		}
	}
}

// stubborn asks for ever for what it did not get.
type stubborn struct{ lines }

func (stubborn) Gather(src kind.Source, pages []kind.Page) kind.Gathered {
	return kind.Gathered{Items: kind.Merge(pages), Next: []kind.Request{{URL: src.Address["list"] + "/none", Optional: true}}}
}

func TestGatherIsNotAskedTwiceForWhatFailed(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "item a")
	rep := crawl(t, quick(), p.source(), stubborn{}, newShelf())
	if !rep.Complete || p.seen("GET /list/none") != 1 {
		t.Errorf("complete %v, asked %d times", rep.Complete, p.seen("GET /list/none"))
	}
}

// looker can look up single calls.
type looker struct {
	lines
	optional bool
}

func (k looker) Recheck(src kind.Source, absent []call.Call) (out []kind.Request) {
	for _, c := range absent {
		out = append(out, kind.Request{URL: strings.Replace(src.Address["list"], "/list", "/one/", 1) + c.Ref, Optional: k.optional})
	}
	return out
}

func TestRecheck(t *testing.T) {
	t.Parallel()
	known := []call.Call{{Source: "village", Ref: "a"}, {Source: "village", Ref: "b"}, {Source: "village", Ref: "c"}}
	for _, test := range []struct {
		name, list string
		answerC    int
		optional   bool
		listed     bool
		asked      int
		items      string
	}{
		{"b still there, c gone", "listing x\nitem a", 404, true, true, 1, "a b"},
		{"c cannot be told", "listing x\nitem a", 500, true, false, 1, "a b"},
		{"c must answer", "listing x\nitem a", 404, false, false, 1, "a b"},
		{"incomplete listing", "listing x\nitem a\ngap lost", 404, true, false, 0, "a"},
		{"no listing", "item a", 404, true, false, 0, "a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.page("/list", test.list)
			p.page("/one/b", "item b")
			p.mux.HandleFunc("/one/c", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.answerC) })
			s := newShelf()
			s.listed = known
			rep := crawl(t, quick(), p.source(), looker{optional: test.optional}, s)
			if rep.Listed != test.listed || s.asked != test.asked || refs(rep) != test.items || rep.Seen != 1 {
				t.Errorf("listed %v, asked %d, items %q, seen %d", rep.Listed, s.asked, refs(rep), rep.Seen)
			}
			if test.asked > 0 && !cmp.Equal(rep.Rechecked, map[string]bool{"b": true}) {
				t.Errorf("rechecked %v", rep.Rechecked)
			}
		})
	}
}

func TestBaseReplacesEveryAddress(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "item a\nnext https://api.portal.example/two")
	p.mux.HandleFunc("/two", func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "https://portal.example/three?x=***", http.StatusFound)
	})
	p.page("/three", "item b")
	src := p.source()
	src.Base, src.Address["list"], src.Allow = p.URL, "https://portal.example/list", []string{"API.portal.example"}
	s := newShelf()
	rep := crawl(t, quick(), src, lines{}, s)
	if refs(rep) != "a b" || !rep.Complete {
		t.Errorf("items %q, err %q", refs(rep), rep.Err)
	}
	// What is stored is known by the source's own addresses, so that it is found again behind another base.
	if _, ok := s.docs["GET https://portal.example/list"]; !ok {
		t.Errorf("stored %v", s.docs)
	}
	if p.seen("GET /three?x=***") != 1 {
		t.Errorf("asked %q", p.hits)
	}
}

func TestPostBodiesAndHeaders(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	var got []string
	p.mux.HandleFunc("/list", func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		got = append(got, req.Header.Get("Content-Type"), string(body), req.Header.Get("User-Agent"), req.Header.Get("Accept"), req.Header.Get("Cookie"))
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "session=1")
		if req.URL.RawQuery == "" {
			http.Redirect(w, req, "/list?again", http.StatusTemporaryRedirect)
			return
		}
		fmt.Fprint(w, "item a")
	})
	body := "--b\r\nContent-Disposition: form-data; name=\"query\"; filename=\"blob\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--\r\n"
	k := lines{start: []kind.Request{{Method: "POST", URL: p.URL + "/list", Body: []byte(body), Accept: []string{"application/json"},
		Header: http.Header{"Content-Type": {"multipart/form-data; boundary=b"}, "User-Agent": {"Mozilla/5.0"}}}}}
	s := newShelf()
	rep := crawl(t, quick(), p.source(), k, s)
	one := []string{"multipart/form-data; boundary=b", body, quick().UserAgent, "application/json", ""}
	if diff := cmp.Diff(append(one, one...), got); diff != "" || refs(rep) != "a" {
		t.Errorf("items %q, err %q, what came (-want +got):\n%s", refs(rep), rep.Err, diff)
	}
	if s.kept[0].Header.Get("Set-Cookie") != "" || s.kept[0].URL != p.URL+"/list?again" {
		t.Errorf("kept %+v", s.kept[0])
	}
}

func TestAHostThatFailsIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	var list strings.Builder
	for i := range 20 {
		fmt.Fprintf(&list, "next BASE/page?n=%d\n", i)
	}
	p.page("/list", list.String())
	p.mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	cfg := quick()
	cfg.Retries = -1
	rep := crawl(t, cfg, p.source(), lines{}, newShelf())
	wantErr(t, rep, "status 503 after 1 try", "(and 19 more)")
	if rep.Requests != 2+maxFailures {
		t.Errorf("%d requests, want %d", rep.Requests, 2+maxFailures)
	}
}

func TestLogLinesOfARun(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "listing x\nitem a")
	var log bytes.Buffer
	cfg := quick()
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	if _, err := engine(t, cfg).Run(WithRun(t.Context(), "17"), p.source(), lines{}, newShelf()); err != nil {
		t.Fatal(err)
	}
	out := log.String()
	if strings.Count(out, "\n") != 2 || strings.Count(out, "source=village run=17") != 2 || !strings.Contains(out, "complete=true seen=1") {
		t.Errorf("log:\n%s", out)
	}
}

func TestProgressOnlyWhereAskedFor(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "item a\nnext BASE/two")
	p.page("/two", "item b")
	var out bytes.Buffer
	cfg := quick()
	cfg.Progress = &out
	crawl(t, cfg, p.source(), lines{}, newShelf())
	if !strings.Contains(out.String(), "village") {
		t.Errorf("progress %q", out.String())
	}
}

func TestParallelKeepsTheOrder(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	var list, want strings.Builder
	for i := range 60 {
		fmt.Fprintf(&list, "next BASE/page?n=%d\n", i)
		fmt.Fprintf(&want, " r%d", i)
	}
	p.page("/list", list.String())
	p.mux.HandleFunc("/page", func(w http.ResponseWriter, req *http.Request) { fmt.Fprintf(w, "item r%s", req.FormValue("n")) })
	cfg := quick()
	cfg.Parallel = 8
	if got := " " + refs(crawl(t, cfg, p.source(), lines{}, newShelf())); got != want.String() {
		t.Errorf("items %q", got)
	}
}

func TestSourceThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for _, src := range []kind.Source{
		{},
		{ID: "x", Address: map[string]string{"list": "portal/list"}},
		{ID: "x", Base: "http://127.0.0.1:1/prefix"},
		{ID: "x", Base: "::"},
	} {
		if rep, err := engine(t, quick()).Run(context.Background(), src, lines{}, newShelf()); err == nil || rep.Err == "" {
			t.Errorf("source %+v: no error", src)
		}
	}
	for _, cfg := range []Config{{}, {UserAgent: "x"}, {UserAgent: "x", Now: quick().Now, Delay: -1}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("configuration %+v: no error", cfg)
		}
	}
}
