package crawler

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"utkik/crawler/kind"
)

// job is one request of a run on its way through colly: what is asked, what is stored, and what came.
// One goroutine at a time touches it.
type job struct {
	req    kind.Request
	url    *url.URL       // req.URL, parsed
	stored *kind.Document // nil when nothing comparable is stored
	hops   int            // requests made for it so far, the first and its redirects
	doc    kind.Document  // the answer; with err set, what there is of it for inspection
	err    error
}

type jobKey struct{}

// transport is the RoundTripper under colly, and what makes it polite: it asks only hosts of the source and
// only what their robots.txt allows, at their pace, again when that may help, and conditionally when an earlier
// answer is stored. What it hands up to colly is a whole answer in UTF-8 with status 200, or a redirect, or an error:
// colly takes 304 and 203 for errors, cuts bodies and unpacks them past its own limit.
type transport struct {
	engine   *Engine
	site     *site
	delay    time.Duration
	maxBytes int64
	tally    tally
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	j, ok := req.Context().Value(jobKey{}).(*job)
	if !ok {
		return nil, errors.New("crawler: a request without a job") // unreachable: fetch makes every request
	}
	resp, err := t.hop(req, j)
	if err != nil {
		j.err = err
	}
	return resp, err
}

func (t *transport) hop(req *http.Request, j *job) (*http.Response, error) {
	ctx := req.Context()
	u := req.URL
	if j.hops == 0 {
		u = j.url // colly spells addresses anew; what is asked for is asked for as the kind wrote it
	}
	j.hops++
	u, err := t.site.permit(u)
	if err != nil {
		return nil, t.via(j, req.URL, &askError{reason: err.Error(), fault: kind.FaultMoved})
	}
	t.engine.hosts.lane(u.Host).slower(t.delay)
	if err := t.engine.allowed(ctx, u, t.tally); err != nil {
		return nil, t.via(j, u, err)
	}
	a := ask{method: req.Method, url: u, header: t.header(req.Header, j), limit: t.maxBytes}
	if req.Body != nil {
		defer req.Body.Close()
		if a.body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	if req.Method == http.MethodGet {
		askIfChanged(a.header, j.stored)
	}
	got, err := t.engine.exchange(ctx, a, t.tally)
	if got != nil {
		j.doc = kind.Document{Request: j.req, URL: u.String(), Status: got.status, Header: cleaned(got.header),
			Fetched: t.engine.cfg.Now(), Body: got.body}
	}
	if err != nil {
		return nil, t.via(j, u, err)
	}
	if isRedirect(got.status) && got.header.Get("Location") != "" {
		return reply(req, got.status, got.header.Get("Location"), nil), nil
	}
	if err := t.judge(j, got); err != nil {
		return nil, t.via(j, u, err)
	}
	return reply(req, http.StatusOK, "", j.doc.Body), nil
}

// judge decides whether an answer is one, and completes the job's document.
func (t *transport) judge(j *job, got *answer) error {
	switch {
	case got.status == http.StatusNotModified && j.stored != nil:
		j.doc.Status, j.doc.Header, j.doc.Body = j.stored.Status, j.stored.Header, j.stored.Body
		j.doc.NotModified = true
		return nil
	case got.status == http.StatusPartialContent, got.status/100 != 2:
		return &askError{reason: fmt.Sprintf("status %d", got.status), fault: faultOf(got.status)}
	}
	if err := checkType(j.req.Accept, got.header, got.body); err != nil {
		return &askError{reason: err.Error(), fault: kind.FaultLayout, transient: true}
	}
	body, err := toUTF8(got.header, got.body)
	if err != nil {
		return &askError{reason: err.Error(), fault: kind.FaultLayout}
	}
	j.doc.Body = body
	return nil
}

// header is what goes out: what the kind wants, what colly and http.Client added for a redirect, and ourselves.
func (t *transport) header(h http.Header, j *job) http.Header {
	h = maps.Clone(h)
	h.Del("Host") // the address names the host
	h.Set("User-Agent", t.engine.cfg.UserAgent)
	h.Set("Accept-Encoding", "gzip, deflate")
	if h.Get("Accept") == "" || h.Get("Accept") == "*/*" {
		h.Set("Accept", "*/*")
		if len(j.req.Accept) > 0 {
			h.Set("Accept", strings.Join(j.req.Accept, ", "))
		}
	}
	return h
}

// via adds to an error the hop that it happened at, when it is not the address that was asked for.
func (t *transport) via(j *job, u *url.URL, err error) error {
	var failed *askError
	if j.hops == 1 || !errors.As(err, &failed) {
		return err
	}
	return &askError{reason: fmt.Sprintf("redirected to %s: %s", u, failed.reason), fault: failed.fault, transient: failed.transient, cause: failed.cause}
}

// reply is the answer as colly sees it. It states no charset and no encoding, so that colly changes nothing.
func reply(req *http.Request, status int, location string, body []byte) *http.Response {
	h := http.Header{"Content-Type": {"application/octet-stream"}}
	if location != "" {
		h.Set("Location", location)
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Header: h,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		Uncompressed: true, // or colly would unpack again what ends in .xml.gz
	}
}

// cleaned gives the headers worth keeping with a document: sessions are nobody's business.
func cleaned(h http.Header) http.Header {
	h = maps.Clone(h)
	h.Del("Set-Cookie")
	return h
}
