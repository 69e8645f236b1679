package crawler

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// Names of what is expected in an archive; crawltest says what an archive is.
const (
	CallsFile  = "calls.jsonl"
	ReportFile = "report.txt"
)

// ExamTime is the time at which archives are read: what a site does not say, such as whether a call is open, goes by it.
func ExamTime() time.Time { return time.Date(2026, time.May, 13, 6, 0, 0, 0, time.UTC) }

// Record makes a fixture of the documents that a run of a source was answered with: the archive that the exam of its kind
// reads, with what was found in them as what is expected. What a recording must not hold is left out at this border, and
// what is expected is read anew from what is left. An error says why the documents make no fixture.
func (e *Engine) Record(ctx context.Context, src kind.Source, k kind.Kind, docs []kind.Document, comment string) ([]byte, error) {
	s := &recorded{answers: map[string][]kind.Document{}, used: map[string]int{}}
	ar := &txtar.Archive{Comment: []byte(strings.TrimSpace(comment) + "\n")}
	for _, d := range docs {
		d.URL, d.Header, d.Body = d.Request.URL, scrubHeader(d.Header), scrub(d.Body) // an archive knows no redirects
		key := d.Request.Key()
		s.answers[key] = append(s.answers[key], d)
		ar.Files = append(ar.Files, txtar.File{Name: key, Data: written(d)})
	}
	src.Base, src.Delay, src.Expect = "", 0, kind.Expect{} // as the exam has it: an archive is small
	cfg := e.cfg
	cfg.Now = ExamTime
	cfg.AllowPrivate, cfg.Transport, cfg.Retries, cfg.Delay, cfg.Most, cfg.Progress = true, s, -1, 0, 0, nil
	exam, err := New(cfg)
	if err != nil {
		return nil, err
	}
	rep, err := exam.Run(ctx, src, k, &Sample{})
	if err != nil {
		return nil, err
	}
	if len(s.missing) > 0 {
		return nil, fmt.Errorf("source %s: the recording lacks %s, and %d more that its pages ask for: record with a higher --most", src.ID, s.missing[0], len(s.missing)-1)
	}
	calls, err := rep.Calls()
	if err != nil {
		return nil, err
	}
	ar.Files = append(ar.Files, txtar.File{Name: CallsFile, Data: calls})
	if summary := rep.Summary(); len(summary) > 0 {
		ar.Files = append(ar.Files, txtar.File{Name: ReportFile, Data: summary})
	}
	out := txtar.Format(ar)
	if left := Confidential(out); len(left) > 0 {
		return nil, fmt.Errorf("source %s: the recording would hold what it must not: %s", src.ID, strings.Join(left, ", "))
	}
	return out, nil
}

// recorded is a transport that answers from the documents of a recording, as the exam will. It is asked one request at
// a time.
type recorded struct {
	answers map[string][]kind.Document
	used    map[string]int
	missing []string
}

func (s *recorded) RoundTrip(req *http.Request) (*http.Response, error) {
	q := kind.Request{Method: req.Method, URL: req.URL.String()}
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if q.Body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	key := q.Key()
	docs := s.answers[key]
	d := kind.Document{Status: http.StatusNotFound}
	switch {
	case len(docs) > 0:
		d = docs[min(s.used[key], len(docs)-1)]
		s.used[key]++
	case req.URL.Path != robotsPathName:
		s.missing = append(s.missing, key)
	}
	return &http.Response{StatusCode: d.Status, ProtoMajor: 1, ProtoMinor: 1, Header: d.Header.Clone(), Request: req,
		Body: io.NopCloser(bytes.NewReader(d.Body)), ContentLength: int64(len(d.Body))}, nil
}

// written is an answer as an archive has it: a head and a body. What is not text, or would be taken for the beginning of
// another file, is written in base64.
func written(d kind.Document) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\n", d.Status, http.StatusText(d.Status))
	for _, k := range slices.Sorted(maps.Keys(d.Header)) {
		fmt.Fprintf(&b, "%s: %s\n", k, d.Header.Get(k))
	}
	body := d.Body
	marked := bytes.HasPrefix(body, []byte("-- ")) || bytes.Contains(body, []byte("\n-- "))
	if !utf8.Valid(body) || marked || bytes.Contains(body, []byte("\r")) {
		fmt.Fprint(&b, "Content-Transfer-Encoding: base64\n\n")
		text := base64.StdEncoding.EncodeToString(body)
		for len(text) > 76 {
			b.WriteString(text[:76] + "\n")
			text = text[76:]
		}
		b.WriteString(text + "\n")
		return b.Bytes()
	}
	b.WriteByte('\n')
	b.Write(body)
	if !bytes.HasSuffix(body, []byte("\n")) {
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Calls gives the items of a report in the exchange format, in the report's order.
func (r Report) Calls() ([]byte, error) {
	var b bytes.Buffer
	for i := range r.Items {
		line, err := call.Encode(&r.Items[i].Call)
		if err != nil {
			return nil, err
		}
		b.Write(append(line, '\n'))
	}
	return b.Bytes(), nil
}

// Summary gives what else a report says, a line each, and nothing when it is complete without remarks.
func (r Report) Summary() []byte {
	var b bytes.Buffer
	if !r.Complete {
		fmt.Fprintln(&b, "incomplete")
	}
	for _, n := range r.Notes {
		word := "note"
		if n.Gap {
			word = "gap"
		}
		fmt.Fprintf(&b, "%s %s\n", word, strings.TrimSpace(n.Ref+": "+n.Text))
	}
	for _, it := range r.Items {
		if it.Hold != "" {
			fmt.Fprintf(&b, "hold %s: %s\n", it.Call.Ref, it.Hold)
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(r.Rechecked)) {
		fmt.Fprintf(&b, "rechecked %s\n", ref)
	}
	return b.Bytes()
}

// Sample is a [Sink] that keeps in memory what it is handed and knows nothing from before: for a look at a source that
// is not to change anything.
type Sample struct {
	docs     []kind.Document // in the order in which they came
	problems []string        // of each; empty for one that parsed
}

// All gives every document that came, those that did not parse too.
func (s *Sample) All() []kind.Document { return s.docs }

// Problems tells why documents could not be read.
func (s *Sample) Problems() []string {
	return slices.DeleteFunc(slices.Clone(s.problems), func(p string) bool { return p == "" })
}

// Stored knows nothing, so that everything is asked for.
func (s *Sample) Stored(context.Context, string) (kind.Document, bool, error) {
	return kind.Document{}, false, nil
}

// Keep keeps a document.
func (s *Sample) Keep(_ context.Context, d kind.Document, problem string) error {
	s.docs, s.problems = append(s.docs, d), append(s.problems, problem)
	return nil
}

// Absent knows nothing from before that could be absent.
func (s *Sample) Absent(context.Context, []kind.Item) ([]call.Call, error) { return nil, nil }
