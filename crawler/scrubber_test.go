package crawler

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"utkik/crawler/kind"
)

// discreet is lines without those that name a person.
type discreet struct{ lines }

func (discreet) Scrub(_ kind.Source, d kind.Document) ([]byte, error) {
	if bytes.Contains(d.Body, []byte("<html")) {
		return nil, errors.New("HTML in the place of lines")
	}
	if bytes.HasPrefix(d.Body, []byte("panic\n")) {
		panic("out of words")
	}
	var out []byte
	for line := range bytes.Lines(d.Body) {
		if !bytes.HasPrefix(line, []byte("person ")) {
			out = append(out, line...)
		}
	}
	return out, nil
}

// TestScrubber: what a kind says must not be kept is gone before anything is parsed or kept, from answers that are used,
// from those that are not, and from those that nobody expected.
func TestScrubber(t *testing.T) {
	t.Parallel()
	const person = "person Anna Exempel"
	p := newPortal(t)
	p.page("/list", "listing all\nitem a Alpha\n"+person+"\nnext BASE/odd\nnext BASE/failing\nnext BASE/html\nnext BASE/panic\n")
	p.page("/odd", "bad\n"+person+"\n")
	p.page("/html", "<html>"+person)
	p.page("/panic", "panic\n"+person)
	p.mux.HandleFunc("/failing", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("gone\n" + person + "\n"))
	})
	s := newShelf()
	rep := crawl(t, quick(), p.source(), discreet{}, s)
	if got := refs(rep); got != "a" {
		t.Errorf("items %q: a line that names a person is no line of the kind, and would have been an error", got)
	}
	want := map[string]string{"/list": "", "/odd": `line "bad`, "/failing": "status 404", "/html": "cannot be scrubbed: HTML in the place of lines", "/panic": "cannot be scrubbed: panic: out of words"}
	for i, d := range s.kept {
		path := strings.TrimPrefix(d.URL, p.URL)
		if bytes.Contains(d.Body, []byte("Exempel")) {
			t.Errorf("%s: kept %q", path, d.Body)
		}
		problem, asked := want[path]
		if !asked || !strings.Contains(s.problems[i], problem) || problem == "" && s.problems[i] != "" {
			t.Errorf("%s: problem %q, want %q", path, s.problems[i], problem)
		}
		if (path == "/html" || path == "/panic") && len(d.Body) > 0 {
			t.Errorf("%s: kept %q of what could not be scrubbed", path, d.Body)
		}
		delete(want, path)
	}
	if len(want) > 0 {
		t.Errorf("nothing is kept of %v", want)
	}
}
