package crawler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var then = time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)

// shelf is a Sink in memory.
type shelf struct {
	mu       sync.Mutex
	docs     map[string]kind.Document
	kept     []kind.Document
	problems []string
	listed   []call.Call // known from before
	asked    int         // times that Absent was asked
	broken   error
}

func newShelf() *shelf { return &shelf{docs: map[string]kind.Document{}} }

func (s *shelf) Stored(_ context.Context, key string) (kind.Document, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.docs[key]
	return d, ok, nil
}

func (s *shelf) Keep(_ context.Context, d kind.Document, problem string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.kept, s.problems = append(s.kept, d), append(s.problems, problem)
	if problem == "" {
		s.docs[d.Request.Key()] = d
	}
	return nil
}

func (s *shelf) Absent(_ context.Context, items []kind.Item) (out []call.Call, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	have := map[string]bool{}
	for _, it := range items {
		have[it.Call.Ref] = true
	}
	for _, c := range s.listed {
		if !have[c.Ref] {
			out = append(out, c)
		}
	}
	return out, nil
}

// lines is a kind of source whose documents are lines: "item REF TITLE", "next URL", "maybe URL", "stamp URL STAMP",
// "note TEXT", "gap TEXT", "total N", "listing NAME", "bad", "panic".
type lines struct{ start []kind.Request }

func (k lines) Start(src kind.Source) []kind.Request {
	if k.start != nil {
		return k.start
	}
	return []kind.Request{{Name: "first", URL: src.Address["list"]}}
}

func (k lines) Parse(src kind.Source, d kind.Document) (kind.Page, error) {
	p := kind.Page{Total: -1}
	for line := range strings.Lines(string(d.Body)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "item", "fill":
			ref, title, _ := strings.Cut(rest, " ")
			p.Items = append(p.Items, kind.Item{Call: call.Call{Source: src.ID, Ref: ref, Kind: call.KindCall, Title: title}, Fill: word == "fill"})
		case "next":
			p.Next = append(p.Next, kind.Request{Name: "next", URL: rest})
		case "maybe":
			p.Next = append(p.Next, kind.Request{Name: "next", URL: rest, Optional: true})
		case "stamp":
			address, stamp, _ := strings.Cut(rest, " ")
			p.Next = append(p.Next, kind.Request{Name: "next", URL: address, Stamp: stamp})
		case "note", "gap":
			p.Notes = append(p.Notes, kind.Note{Text: rest, Gap: word == "gap"})
		case "total":
			fmt.Sscan(rest, &p.Total)
		case "listing":
			p.Listing = rest
		case "panic":
			panic("out of words")
		case "":
		default:
			return kind.Page{}, fmt.Errorf("line %q", line)
		}
	}
	return p, nil
}

// portal is a site on the loopback whose pages a test writes.
type portal struct {
	*httptest.Server
	mu   sync.Mutex
	hits []string
	mux  *http.ServeMux
}

func newPortal(t *testing.T) *portal {
	t.Helper()
	p := &portal{mux: http.NewServeMux()}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		p.mu.Lock()
		p.hits = append(p.hits, req.Method+" "+req.URL.RequestURI())
		p.mu.Unlock()
		p.mux.ServeHTTP(w, req)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *portal) page(path, body string) {
	p.mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.ReplaceAll(body, "BASE", p.URL))
	})
}

func (p *portal) seen(what string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.hits {
		if h == what {
			n++
		}
	}
	return n
}

func (p *portal) source() kind.Source {
	return kind.Source{ID: "village", Kind: "lines", Address: map[string]string{"list": p.URL + "/list"}}
}

// quick is a configuration for the loopback that waits for nothing it need not.
func quick() Config {
	return Config{UserAgent: "utkik/test (+mailto:eu@region.example)", AllowPrivate: true, Backoff: time.Millisecond,
		Now: func() time.Time { return then }, Rand: func() float64 { return 0 }}
}

func engine(t *testing.T, cfg Config) *Engine {
	t.Helper()
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// crawl makes one run of the lines of a portal.
func crawl(t *testing.T, cfg Config, src kind.Source, k kind.Kind, s *shelf) Report {
	t.Helper()
	rep, err := engine(t, cfg).Run(t.Context(), src, k, s)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func refs(rep Report) string {
	var out []string
	for _, it := range rep.Items {
		out = append(out, it.Call.Ref)
	}
	return strings.Join(out, " ")
}

func wantErr(t *testing.T, rep Report, parts ...string) {
	t.Helper()
	if rep.Complete || rep.Listed {
		t.Errorf("run is complete=%v listed=%v, want neither", rep.Complete, rep.Listed)
	}
	for _, p := range parts {
		if !strings.Contains(rep.Err, p) {
			t.Errorf("error %q does not say %q", rep.Err, p)
		}
	}
}

// roundTrip is a transport made of a function, for tests of waiting that run on synctest's clock.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func respond(req *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: nopBody{bytes.NewReader([]byte(body))}, ContentLength: int64(len(body)), Request: req, ProtoMajor: 1}
}

type nopBody struct{ *bytes.Reader }

func (nopBody) Close() error { return nil }

var errSpoiled = errors.New("disk full")
