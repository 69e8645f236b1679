// Package crawltest plays the world to the crawler: a transport that answers from a file, and the exam that
// every kind of source passes. A test of a kind is a line:
//
//	package feed_test // not feed: the exam imports the crawler, which imports the kinds
//
//	func TestKind(t *testing.T) { crawltest.TestKind(t, feed.Kind{}, source, "testdata") }
//
// # Archives
//
// An exchange with a site is a file of a txtar archive (https://pkg.go.dev/golang.org/x/tools/txtar), so that
// a person can read and mend it. Text before the first file says what the archive is about. The files are:
//
//	METHOD URL            an answer to every such request, whatever its body
//	METHOD URL HASH       an answer to a request with that body; HASH is the end of kind.Request.Key
//	sources/ID.yaml       the source, where it is none that comes with the program; see TestSources
//	stored.jsonl          calls that are known as listed, for kinds that recheck; may be missing
//	calls.jsonl           what is expected: items in the exchange format, a line each
//	report.txt            what else is expected: whether complete, notes, holds; missing if complete and without
//
// Several answers of one name are given in turn, the last one again and again. An answer is a body, and then its
// type is guessed from its first character; or a head and a body as in HTTP, lines ending in \n:
//
//	-- GET https://example.eu/feed --
//	HTTP/1.1 200 OK
//	Content-Type: application/rss+xml
//
//	<rss>...
//
// With "Content-Transfer-Encoding: base64" in the head the body is base64: for bytes that are not text. A request that no
// file answers fails the test, and the error gives the name of the file that is missing; robots.txt is
// answered with 404 unless it is there. calls.jsonl and report.txt are written by
//
//	go test ./crawler/feed -crawltest.update
package crawltest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/txtar"

	"utkik/crawler/kind"
)

// Replay is a RoundTripper that answers from an archive. It is safe for concurrent use.
type Replay struct {
	mu      sync.Mutex
	answers map[string][]answer // by the file's name
	used    map[string]int
	missing []string
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// NewReplay reads the exchanges of an archive. Files whose name does not begin with a method are left to the caller.
func NewReplay(ar *txtar.Archive) (*Replay, error) {
	r := &Replay{answers: map[string][]answer{}, used: map[string]int{}}
	for _, f := range ar.Files {
		if method, _, ok := strings.Cut(f.Name, " "); !ok || method == "" || method != strings.ToUpper(method) {
			continue
		}
		a, err := parseAnswer(f.Data)
		if err != nil {
			return nil, fmt.Errorf("%s: %v", f.Name, err)
		}
		r.answers[f.Name] = append(r.answers[f.Name], a)
	}
	return r, nil
}

func parseAnswer(data []byte) (answer, error) {
	a := answer{status: http.StatusOK, header: http.Header{}, body: data}
	if !bytes.HasPrefix(data, []byte("HTTP/")) {
		a.header.Set("Content-Type", guess(data))
		return a, nil
	}
	// A head without empty line after it has no body.
	if !bytes.Contains(data, []byte("\n\n")) {
		data = append(slices.Clone(data), '\n')
	}
	head := textproto.NewReader(bufio.NewReader(bytes.NewReader(data)))
	line, err := head.ReadLine()
	if err != nil {
		return answer{}, err
	}
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return answer{}, fmt.Errorf("status line %q: want HTTP/1.1 200 OK", line)
	}
	if a.status, err = strconv.Atoi(fields[1]); err != nil {
		return answer{}, fmt.Errorf("status line %q: want HTTP/1.1 200 OK", line)
	}
	h, err := head.ReadMIMEHeader()
	if err != nil {
		return answer{}, err
	}
	a.header = http.Header(h)
	if a.body, err = io.ReadAll(head.R); err != nil {
		return answer{}, err
	}
	if strings.EqualFold(a.header.Get("Content-Transfer-Encoding"), "base64") {
		a.header.Del("Content-Transfer-Encoding")
		if a.body, err = base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(a.body), nil))); err != nil {
			return answer{}, err
		}
	}
	return a, nil
}

func guess(body []byte) string {
	b := bytes.TrimSpace(body)
	switch {
	case len(b) == 0:
		return ""
	case b[0] == '{' || b[0] == '[':
		return "application/json"
	case bytes.HasPrefix(b, []byte("<?xml")), bytes.HasPrefix(b, []byte("<rss")), bytes.HasPrefix(b, []byte("<feed")):
		return "application/xml"
	case b[0] == '<':
		return "text/html; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// RoundTrip answers a request from the archive. One that it lacks is an error.
func (r *Replay) RoundTrip(req *http.Request) (*http.Response, error) {
	q := kind.Request{Method: req.Method, URL: req.URL.String()}
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if q.Body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	name := q.Key()
	if len(r.answers[name]) == 0 {
		name = q.Method + " " + q.URL
	}
	all := r.answers[name]
	if len(all) == 0 {
		if req.URL.Path == "/robots.txt" {
			return respond(req, answer{status: http.StatusNotFound, header: http.Header{}}), nil
		}
		if !slices.Contains(r.missing, q.Key()) {
			r.missing = append(r.missing, q.Key())
		}
		return nil, errors.New("not in the archive: -- " + q.Key() + " --")
	}
	a := all[min(r.used[name], len(all)-1)]
	r.used[name]++
	return respond(req, a), nil
}

func respond(req *http.Request, a answer) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req,
	}
}

// Missing names what was asked for and is not in the archive, in order of asking.
func (r *Replay) Missing() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.missing)
}

// Unused names the answers that nothing asked for, sorted.
func (r *Replay) Unused() (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, all := range r.answers {
		if r.used[name] < len(all) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
