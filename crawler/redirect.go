package crawler

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"utkik/crawler/kind"
)

// site is where a source may be asked: the hosts that its data names, and the base that replaces them.
type site struct {
	hosts map[string]bool
	base  *url.URL // nil when the source has none
}

// newSite reads the addresses of a source.
func newSite(src kind.Source) (*site, error) {
	s := &site{hosts: map[string]bool{}}
	add := func(what, address string) error {
		if address == "" {
			return nil
		}
		u, err := url.Parse(address)
		if err != nil || u.Hostname() == "" {
			return fmt.Errorf("%s %q is not an absolute address", what, address)
		}
		s.hosts[strings.ToLower(u.Hostname())] = true
		return nil
	}
	err := add("home", src.Home)
	for name, a := range src.Address {
		// An address may hold placeholders of its kind after the host, which url.Parse can refuse.
		if i := strings.IndexByte(a, '{'); i > 0 {
			a = a[:i]
		}
		err = errors.Join(err, add("address "+name, a))
	}
	for _, h := range src.Allow {
		s.hosts[strings.ToLower(h)] = true
	}
	if src.Base != "" {
		err = errors.Join(err, add("base", src.Base))
		u, perr := url.Parse(src.Base)
		if perr == nil && strings.Trim(u.Path, "/") != "" {
			err = errors.Join(err, fmt.Errorf("base %q has a path: it replaces scheme and host only", src.Base))
		}
		s.base = u
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// permit tells why the source may not be asked at u, and gives the address to ask instead: of the base, if
// the source has one.
func (s *site) permit(u *url.URL) (*url.URL, error) {
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("scheme %q is not http or https", u.Scheme)
	}
	if !s.hosts[strings.ToLower(u.Hostname())] {
		return nil, fmt.Errorf("host %s is none of the source's: add it to allow if it is meant", u.Hostname())
	}
	if u.User != nil {
		return nil, errors.New("the address holds a password")
	}
	if s.base == nil {
		return u, nil
	}
	v := *u
	v.Scheme, v.Host = s.base.Scheme, s.base.Host
	return &v, nil
}

// followRedirect decides on a hop; the host is checked when the hop is asked. http.Client calls it.
func followRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirect from https to %s refused", req.URL)
	}
	return nil
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
