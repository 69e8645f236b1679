package crawltest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// parish is a well-behaved kind: a JSON list of rows, with pages and single rows to look up.
type parish struct{}

type parishPage struct {
	Rows  []struct{ ID, Title string }
	Total *int
	Next  string
}

func (parish) Start(src kind.Source) []kind.Request {
	return []kind.Request{{Name: "list", Method: "POST", URL: src.Address["search"], Body: []byte("page=1"), Accept: []string{"application/json"}}}
}

func (parish) Parse(src kind.Source, d kind.Document) (kind.Page, error) {
	var in parishPage
	if err := json.Unmarshal(d.Body, &in); err != nil {
		return kind.Page{}, err
	}
	if in.Total == nil {
		return kind.Page{}, errors.New("no total")
	}
	p := kind.Page{Listing: "rows", Total: *in.Total}
	if d.Request.Name == "one" {
		p.Listing = ""
	}
	for _, r := range in.Rows {
		it := kind.Item{Call: call.Call{Source: src.ID, Ref: r.ID, Kind: call.KindCall, Title: r.Title}}
		if r.Title == "" {
			it.Hold = "no title"
		}
		p.Items = append(p.Items, it)
	}
	if in.Next != "" {
		p.Next = []kind.Request{{Name: "list", Method: "POST", URL: src.Address["search"], Body: []byte(in.Next), Accept: []string{"application/json"}}}
	}
	return p, nil
}

func (parish) Recheck(src kind.Source, calls []call.Call) (out []kind.Request) {
	for _, c := range calls {
		out = append(out, kind.Request{Name: "one", URL: src.Address["one"] + c.Ref, Accept: []string{"application/json"}, Optional: true})
	}
	return out
}

var source = kind.Source{ID: "parish", Kind: "parish", Address: map[string]string{
	"search": "https://parish.example/search", "one": "https://parish.example/row/"}, Expect: kind.Expect{MinItems: 500}}

func TestTestKind(t *testing.T) { TestKind(t, parish{}, source, "testdata") }

// rude is a kind with no manners.
type rude struct {
	parish
	n      *int
	change bool
}

func (k rude) Parse(src kind.Source, d kind.Document) (kind.Page, error) {
	if len(d.Body) == 3 {
		panic("only three bytes")
	}
	*k.n++
	if k.change && len(d.Body) > 0 {
		d.Body[0]++
	}
	return kind.Page{Total: *k.n, Items: []kind.Item{{Call: call.Call{Source: "other", Ref: "1", Kind: call.KindCall}}}}, nil
}

func TestMannersFindsFaults(t *testing.T) {
	t.Parallel()
	d := kind.Document{Request: parish{}.Start(source)[0], Status: 200, Body: []byte(`{"total": 0}`)}
	if got := Manners(parish{}, source, clone(d)); len(got) > 0 {
		t.Errorf("a good kind: %q", got)
	}
	got := strings.Join(Manners(rude{n: new(int), change: true}, source, clone(d)), "\n")
	for _, want := range []string{"two answers", "changes the document", "item other/1 does not belong", "cut after 3 bytes: panic: only three bytes", "HTML page"} {
		if !strings.Contains(got, want) {
			t.Errorf("complaints lack %q:\n%s", want, got)
		}
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	r, err := NewReplay(txtar.Parse([]byte(`About.
-- GET https://a.example/x --
{"n": 1}
-- GET https://a.example/x --
HTTP/1.1 304 Not Modified
ETag: "2"
-- POST https://a.example/x --
HTTP/1.1 200 OK
Content-Type: application/pdf
Content-Transfer-Encoding: base64

AAEC
/w==
-- POST https://a.example/x 8d969eef6ecad3c2 --
<html>
-- GET https://a.example/never --
-- calls.jsonl --
`)))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, url, body string) string {
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.RoundTrip(req)
		if err != nil {
			return err.Error()
		}
		b, _ := io.ReadAll(resp.Body)
		return strings.Join([]string{resp.Status, resp.Header.Get("Content-Type"), string(b)}, "|")
	}
	var got []string
	for _, q := range [][3]string{
		{"GET", "https://a.example/x", ""}, {"GET", "https://a.example/x", ""}, {"GET", "https://a.example/x", ""},
		{"POST", "https://a.example/x", "other"}, {"POST", "https://a.example/x", "123456"},
		{"GET", "https://a.example/robots.txt", ""}, {"POST", "https://a.example/y", "123456"},
	} {
		got = append(got, ask(q[0], q[1], q[2]))
	}
	want := []string{
		"200 OK|application/json|{\"n\": 1}\n", "304 Not Modified||", "304 Not Modified||",
		"200 OK|application/pdf|\x00\x01\x02\xff", "200 OK|text/html; charset=utf-8|<html>\n",
		"404 Not Found||", "not in the archive: -- POST https://a.example/y 8d969eef6ecad3c2 --",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if got := r.Unused(); !slices.Equal(got, []string{"GET https://a.example/never"}) {
		t.Errorf("unused %q", got)
	}
	if got := r.Missing(); !slices.Equal(got, []string{"POST https://a.example/y 8d969eef6ecad3c2"}) {
		t.Errorf("missing %q", got)
	}
}
