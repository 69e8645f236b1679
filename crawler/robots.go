package crawler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/temoto/robotstxt"

	"utkik/crawler/kind"
)

// The rules of RFC 9309, and of ourselves where it leaves room.
const (
	robotsSize     = 512 << 10 // RFC 9309 asks for at least 500 KiB; what follows is not read
	robotsAge      = 24 * time.Hour
	robotsFailAge  = 10 * time.Minute // of an answer that there was none
	maxCrawlDelay  = time.Minute      // a host that asks for more is asked at this pace
	robotsPathName = "/robots.txt"
)

// robots is what one host says of who may ask for what.
type robots struct {
	turn    chan struct{} // of one: whoever holds it reads and fetches; the others wait, and see the result
	rules   *robotstxt.RobotsData
	failed  string     // why the host could not be asked: all is disallowed
	fault   kind.Fault // of failed
	asked   time.Time
	expires time.Duration
}

// allowed tells why the robots.txt of u's host forbids u; nil when it does not. It slows the host's lane to
// the Crawl-delay that it states.
func (e *Engine) allowed(ctx context.Context, u *url.URL, t tally) error {
	if u.Path == robotsPathName {
		return nil
	}
	r := e.hosts.robotsOf(u.Scheme + "://" + u.Host)
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.turn }()
	stale := func() bool {
		age := e.cfg.Now().Sub(r.asked)
		return r.asked.IsZero() || age >= r.expires || age < 0
	}
	if stale() {
		if err := e.recall(ctx, r, u.Scheme+"://"+u.Host); err != nil {
			return err
		}
	}
	if stale() {
		if err := e.fetchRobots(ctx, r, u, t); err != nil {
			return err
		}
	}
	if r.failed != "" {
		return &askError{reason: "robots.txt could not be read, so nothing is allowed: " + r.failed, fault: r.fault, transient: true}
	}
	group := r.rules.FindGroup(agent(e.cfg.UserAgent))
	e.hosts.lane(u.Host).slower(min(group.CrawlDelay, maxCrawlDelay))
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	if !group.Test(path) {
		return &askError{reason: "disallowed by " + u.Scheme + "://" + u.Host + robotsPathName, fault: kind.FaultRobots}
	}
	return nil
}

// fetchRobots fills r. An error means that ctx ended, or that what the host said could not be shared.
func (e *Engine) fetchRobots(ctx context.Context, r *robots, of *url.URL, t tally) error {
	u := &url.URL{Scheme: of.Scheme, Host: of.Host, Path: robotsPathName}
	header := http.Header{"User-Agent": {e.cfg.UserAgent}, "Accept": {"text/plain, */*;q=0.5"}, "Accept-Encoding": {"gzip"}}
	var got *answer
	var err error
	hops := 0
	for {
		got, err = e.exchange(ctx, ask{method: http.MethodGet, url: u, header: header, limit: robotsSize}, t)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || !isRedirect(got.status) || hops == maxRedirects {
			break
		}
		next, perr := u.Parse(got.header.Get("Location"))
		if perr != nil || next.Scheme != "https" && next.Scheme != u.Scheme {
			err = &askError{reason: fmt.Sprintf("redirect to %q", got.header.Get("Location")), fault: kind.FaultMoved}
			break
		}
		u, hops = next, hops+1
	}
	r.asked, r.expires = e.cfg.Now(), robotsAge
	if errors.As(err, new(tooLarge)) {
		// What was read counts, without the line that the limit cut: half a path forbids more than a whole one.
		got.body, err = got.body[:bytes.LastIndexByte(got.body, '\n')+1], nil
	}
	switch {
	case err == nil && got.status/100 == 2:
		r.rules, r.failed = parseRobots(got.body), ""
		return e.share(ctx, r, of.Scheme+"://"+of.Host, got.body)
	case err == nil && got.status/100 != 5:
		// 4xx, or redirects without end: there is no robots.txt, and so no rule.
		r.rules, r.failed = &robotstxt.RobotsData{}, ""
		return e.share(ctx, r, of.Scheme+"://"+of.Host, nil)
	case r.rules != nil && r.failed == "":
		r.expires = robotsFailAge // the host does not answer: what it last said still stands
	default:
		r.failed, r.fault, r.expires = err.Error(), class(err), robotsFailAge
	}
	return nil
}

// agent is the product token that groups of a robots.txt name: "utkik" of "utkik/1.0 (+mailto:...)".
func agent(userAgent string) string {
	token, _, _ := strings.Cut(userAgent, "/")
	token, _, _ = strings.Cut(token, " ")
	return token
}

// parseRobots reads a robots.txt so far as it can be read. robotstxt refuses the whole file for one bad line,
// and lets the first of two equally long rules win where RFC 9309 lets the one that allows: so lines that it would
// refuse are left out, and in each group what allows comes first.
func parseRobots(body []byte) *robotstxt.RobotsData {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	var out, allow, rest []string
	inGroup := false
	flush := func() {
		out = append(append(out, allow...), rest...)
		allow, rest = nil, nil
	}
	for line := range strings.Lines(strings.ReplaceAll(string(body), "\r", "\n")) {
		line, _, _ = strings.Cut(line, "#")
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !ok || value == "" {
			// "Disallow:" with nothing after it forbids nothing, but it does end the list of agents above it.
			if ok && inGroup && strings.EqualFold(strings.TrimSpace(name), "disallow") {
				allow = append(allow, "Allow: /")
			}
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "user-agent", "useragent":
			if len(allow)+len(rest) > 0 {
				flush()
			}
			out = append(out, "User-agent: "+value)
			inGroup = true
		case "allow":
			if inGroup {
				allow = append(allow, "Allow: "+value)
			}
		case "disallow":
			if inGroup {
				rest = append(rest, "Disallow: "+value)
			}
		case "crawl-delay", "crawldelay":
			n, err := strconv.ParseFloat(value, 64)
			if inGroup && err == nil && n >= 0 && !math.IsInf(n, 0) && !math.IsNaN(n) {
				rest = append(rest, fmt.Sprintf("Crawl-delay: %g", min(n, maxCrawlDelay.Seconds())))
			}
		}
	}
	flush()
	data, err := robotstxt.FromString(strings.Join(out, "\n") + "\n")
	if err != nil { // a pattern that cannot be compiled: the rules are not known
		data, _ = robotstxt.FromString("User-agent: *\nDisallow: /\n")
	}
	return data
}
