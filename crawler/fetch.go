package crawler

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"

	"github.com/gocolly/colly/v2"

	"utkik/crawler/kind"
)

// newCollector makes the colly collector of a run. Everything that the COLLY_* variables of the environment
// can reach is set again afterwards: they are applied last of all in NewCollector, and the environment must
// not be able to make the crawler rude. Robots, pace, retries and limits are the transport's.
func newCollector(ctx context.Context, userAgent string, under http.RoundTripper) *colly.Collector {
	c := colly.NewCollector(colly.StdlibContext(ctx))
	c.UserAgent = userAgent
	c.AllowURLRevisit = true // the run knows what it has asked; colly's memory outlives failures
	c.AllowedDomains, c.DisallowedDomains = nil, nil
	c.URLFilters, c.DisallowedURLFilters = nil, nil
	c.CacheDir, c.CacheExpiration = "", 0
	c.DetectCharset = false
	c.IgnoreRobotsTxt = true // the transport reads it, for redirects too
	c.MaxBodySize = 0        // the transport's limit is an error, colly's is a cut
	c.MaxDepth, c.MaxRequests = 0, 0
	c.ParseHTTPErrorResponse = false
	c.TraceHTTP, c.Async, c.CheckHead = false, false, false
	c.DisableCookies()
	c.SetRequestTimeout(0) // it would count the waiting; the transport limits each try
	c.SetRedirectHandler(followRedirect)
	c.WithTransport(under)
	return c
}

// fetch asks for one document. With an error the document holds what there is of the answer, if any.
func (r *run) fetch(ctx context.Context, req kind.Request, stored *kind.Document) (kind.Document, error) {
	j := &job{req: req, stored: stored}
	var err error
	if j.url, err = url.Parse(req.URL); err != nil {
		return kind.Document{}, &askError{reason: "the address cannot be read", fault: kind.FaultProgram}
	}
	header := maps.Clone(req.Header)
	if header == nil {
		header = http.Header{}
	}
	// A clone shares the client and has a context of its own, which carries the job down to the transport.
	c := r.collector.Clone()
	c.Context = context.WithValue(ctx, jobKey{}, j)
	c.OnResponse(func(resp *colly.Response) { j.doc.Body = resp.Body })
	var body io.Reader
	if len(req.Body) > 0 {
		body = bytes.NewReader(req.Body) // http.Client can send it again after a 307
	}
	err = c.Request(cmp.Or(req.Method, http.MethodGet), req.URL, body, nil, header)
	switch {
	case ctx.Err() != nil:
		return kind.Document{}, ctx.Err()
	case j.err != nil:
		return j.doc, j.err
	case err != nil:
		// http.Client words its errors with method and address, which ours have already.
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return j.doc, &askError{reason: err.Error(), fault: kind.FaultMoved} // a redirect that may not be followed
	case j.hops == 0:
		return j.doc, &askError{reason: "colly asked nothing", fault: kind.FaultProgram} // unreachable: every filter of colly is off
	}
	return j.doc, nil
}

// where names a request in errors: source, method, and the address that was asked, which is that of the base
// where the source has one.
func where(src kind.Source, req kind.Request) string {
	address := req.URL
	if src.Base != "" {
		u, err := url.Parse(req.URL)
		base, berr := url.Parse(src.Base)
		if err == nil && berr == nil {
			u.Scheme, u.Host = base.Scheme, base.Host
			address = u.String()
		}
	}
	return fmt.Sprintf("source %s: %s %s", src.ID, cmp.Or(req.Method, http.MethodGet), address)
}
