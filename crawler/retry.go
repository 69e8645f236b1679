package crawler

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"

	"utkik/crawler/kind"
)

// A host that asks for more patience than this is left alone until the next run.
const maxRetryAfter = 10 * time.Minute

const maxBackoff = time.Minute

// ask is one exchange with a host: the address is final, redirects are not followed.
type ask struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
	limit  int64
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte // decompressed
	bodyOf int64  // bytes over the wire
}

// askError is why there is no usable answer.
type askError struct {
	reason    string
	fault     kind.Fault // empty: network
	transient bool       // another time it may work
	cause     error      // for errors.As; may be nil
}

// class is the fault of an error that ended a request.
func class(err error) kind.Fault {
	var why *askError
	if errors.As(err, &why) {
		return cmp.Or(why.fault, kind.FaultNetwork)
	}
	return kind.FaultNetwork
}

// faultOf is the class of an answer with a status that is no success.
func faultOf(status int) kind.Fault {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusUnavailableForLegalReasons:
		return kind.FaultRefused
	case http.StatusNotFound, http.StatusGone:
		return kind.FaultMoved
	}
	return kind.FaultServer
}

func (e *askError) Error() string { return e.reason }
func (e *askError) Unwrap() error { return e.cause }

// tally counts what a run sends and receives.
type tally interface{ sent(bytes int64) }

// exchange asks a host until it answers, in its lane and at its pace. Answers that promise better ones
// (429, 5xx) and broken connections are tried again, with a growing and jittered wait or with the one that the host
// names in Retry-After. The answer of the last try comes also with an error, when there was one.
func (e *Engine) exchange(ctx context.Context, a ask, t tally) (*answer, error) {
	l := e.hosts.lane(a.url.Host)
	if err := l.enter(ctx); err != nil {
		return nil, err
	}
	defer l.leave()
	for n := 1; ; n++ {
		if err := e.wait(ctx, a.url.Host, l); err != nil {
			return nil, err
		}
		got, err := e.try(ctx, a, t)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var failed *askError
		switch {
		case err == nil && !again(got.status):
			return got, nil
		case err == nil:
			failed = &askError{reason: fmt.Sprintf("status %d", got.status), fault: faultOf(got.status), transient: true}
		case !errors.As(err, &failed):
			failed = &askError{reason: err.Error(), transient: true}
		}
		if !failed.transient {
			return got, failed
		}
		if n > e.cfg.Retries {
			return got, &askError{reason: failed.reason + tries(n), fault: failed.fault, transient: true}
		}
		wait := e.backoff(n)
		if got != nil {
			if asked, ok := retryAfter(got.header, e.cfg.Now()); ok {
				if asked > maxRetryAfter {
					return got, &askError{reason: fmt.Sprintf("%s: the host asks to come back in %s, a run waits %s at most",
						failed.reason, asked.Round(time.Second), maxRetryAfter), fault: failed.fault, transient: true}
				}
				wait = max(wait, asked)
				if err := e.postpone(ctx, a.url.Host, asked); err != nil {
					return nil, err
				}
			}
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func tries(n int) string {
	if n == 1 {
		return " after 1 try"
	}
	return fmt.Sprintf(" after %d tries", n)
}

func again(status int) bool { return status == http.StatusTooManyRequests || status >= 500 }

// backoff is the wait before try n+1: doubled each time, and between half and the whole of it at random,
// so that sources that failed together do not come back together.
func (e *Engine) backoff(n int) time.Duration {
	d := e.cfg.Backoff << min(n-1, 16)
	if d <= 0 || d > maxBackoff {
		d = maxBackoff
	}
	return time.Duration(float64(d) * (0.5 + 0.5*e.cfg.Rand()))
}

// retryAfter reads a Retry-After header, in seconds or as a date. A date is compared with the host's own
// clock, where it tells it.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
		return time.Duration(min(n, 1<<31)) * time.Second, true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	return max(at.Sub(now), 0), true
}

// try asks once.
func (e *Engine) try(ctx context.Context, a ask, t tally) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, a.method, a.url.String(), bytes.NewReader(a.body))
	if err != nil {
		return nil, &askError{reason: err.Error()}
	}
	if len(a.body) == 0 {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	req.Header = maps.Clone(a.header)
	resp, err := e.cfg.Transport.RoundTrip(req)
	if err != nil {
		t.sent(0)
		return nil, e.broken(ctx, err)
	}
	defer resp.Body.Close()
	got := &answer{status: resp.StatusCode, header: resp.Header}
	limit := a.limit
	if resp.StatusCode/100 != 2 {
		limit = min(limit, keepOfBad) // of an error page the beginning is enough
	}
	got.body, got.bodyOf, err = readBody(resp, a.url.Path, limit)
	t.sent(got.bodyOf)
	switch {
	case resp.StatusCode/100 != 2:
		// The status says it all; a body that is cut, or larger than what is kept of it, changes nothing.
		return got, nil
	case errors.As(err, new(tooLarge)):
		return got, &askError{reason: err.Error(), fault: kind.FaultSize, cause: err}
	case errors.Is(err, io.ErrUnexpectedEOF) && resp.ContentLength < 0 && wholeJSON(got.body):
		// The portal's network closes some connections without the end that TLS and chunked bodies have, when all
		// has been sent. A JSON value that is closed is complete.
		err = nil
	case err == nil && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && resp.ProtoMajor == 1 &&
		isJSON(resp.Header) && len(got.body) > 0 && !json.Valid(got.body):
		// The body ends with the connection, so a cut one looks whole to HTTP. JSON knows better.
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return got, e.broken(ctx, err)
	}
	return got, nil
}

// broken words an error of the network.
func (e *Engine) broken(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &askError{reason: fmt.Sprintf("no whole answer within %s", e.cfg.Timeout), transient: true}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &askError{reason: "the body was cut off", transient: true}
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return &askError{reason: err.Error(), fault: kind.FaultProgram} // a refusal of ours: no try will change it
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return &askError{reason: err.Error(), fault: kind.FaultCertificate, transient: true}
	}
	return &askError{reason: err.Error(), transient: true}
}

func isJSON(h http.Header) bool {
	return strings.Contains(strings.ToLower(h.Get("Content-Type")), "json")
}

// wholeJSON tells whether body is one complete object or array. A number could be the beginning of a longer one.
func wholeJSON(body []byte) bool {
	b := bytes.TrimSpace(body)
	return len(b) > 1 && (b[0] == '{' || b[0] == '[') && json.Valid(b)
}
