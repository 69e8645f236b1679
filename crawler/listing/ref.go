package listing

import (
	"net/url"
	"slices"
	"strings"

	"utkik/internal/text"
)

// Ref makes a stable ref of an item's address: its path, with its query but not what counts visitors. The host
// stands before it where it is not that of the source's home. Scheme, www, case of the host, a slash at the
// end and the part after # say nothing about what a page is.
func Ref(home, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	ref := strings.Trim(u.EscapedPath(), "/")
	if plain, err := url.PathUnescape(ref); err == nil {
		ref = plain
	}
	q := u.Query()
	for name := range q {
		if strings.HasPrefix(name, "utm_") || slices.Contains(counting, name) {
			q.Del(name)
		}
	}
	if len(q) > 0 {
		ref += "?" + q.Encode() // sorted by name
	}
	h, err := url.Parse(home)
	if err != nil || host(u) != host(h) || ref == "" {
		ref = strings.TrimSuffix(host(u)+"/"+ref, "/")
	}
	return text.Clean(ref)
}

// counting are parameters of an address that count visitors and say nothing about the page.
var counting = []string{"fbclid", "gclid", "mc_cid", "mc_eid", "pk_campaign"}

func host(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Host), "www.") }

// slug makes a ref of a text that a rule found: one line, blanks as hyphens.
func slug(s string) string { return strings.Join(strings.Fields(s), "-") }
