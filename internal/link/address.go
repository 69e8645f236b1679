package link

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// noise are the parts of a query that say where a reader came from, not what the page is.
func noise(key string) bool {
	key = strings.ToLower(key)
	switch key {
	case "fbclid", "gclid", "msclkid", "mc_cid", "mc_eid", "ref", "source", "lang", "language", "pk_campaign", "page", "order", "sort",
		"pagesize", "pagenumber", "sortby", "keywords", "status", "isexactmatch", "frameworkprogramme", "print", "session", "sid":
		return true
	}
	return strings.HasPrefix(key, "utm_") || strings.HasPrefix(key, "at_")
}

// Address gives the normal form of an address: what is left is the same for two readers who came to one page by
// different ways. The scheme, www, a closing slash, the language and the noise of a query are gone; it is empty for
// what leads to no page of its own.
func Address(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	var parts []string
	for _, p := range strings.Split(strings.ToLower(u.Path), "/") {
		p, _, _ = strings.Cut(p, ";") // what Angular hangs on a path
		if p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) > 0 && language(parts[0]) {
		parts = parts[1:]
	}
	if n := len(parts); n > 0 {
		last := parts[n-1]
		if last == "index.html" || last == "index.php" || last == "index" {
			parts = parts[:n-1]
		} else {
			for _, ext := range []string{".html", ".htm", ".aspx", ".php"} {
				last = strings.TrimSuffix(last, ext)
			}
			if i := strings.LastIndexAny(last, "_."); i > 0 && language(last[i+1:]) {
				last = last[:i]
			}
			parts[n-1] = last
		}
	}
	if id, ok := initiative(host, parts); ok {
		return "have-your-say/" + id
	}
	var keep []string
	for key, values := range u.Query() {
		if !noise(key) {
			for _, v := range values {
				keep = append(keep, strings.ToLower(key)+"="+v)
			}
		}
	}
	slices.Sort(keep)
	if len(parts) == 0 && len(keep) == 0 {
		return "" // a site's front page is nobody's own
	}
	out := host + "/" + strings.Join(parts, "/")
	if len(keep) > 0 {
		out += "?" + strings.Join(keep, "&")
	}
	return out
}

func language(s string) bool {
	switch s {
	case "en", "sv", "se", "no", "nb", "fi", "da", "de", "fr", "eng", "swe":
		return true
	}
	return false
}

// initiative reads the number of an initiative of Have Your Say, whose pages bear many addresses.
func initiative(host string, parts []string) (string, bool) {
	i := slices.Index(parts, "initiatives")
	if i < 0 || i+1 >= len(parts) || host != "have-your-say.ec.europa.eu" && !slices.Contains(parts, "have-your-say") {
		return "", false
	}
	id, _, _ := strings.Cut(parts[i+1], "-")
	id, _, _ = strings.Cut(id, "_")
	return id, len(id) > 2 && strings.Trim(id, "0123456789") == ""
}

// shelf is where an address stands among its like: the pages beside it have the same.
func shelf(address string) string {
	path, _, _ := strings.Cut(address, "?")
	return path[:strings.LastIndexByte(path, '/')+1]
}

// addressesIn finds the addresses that a text names, in order, with their codes read as own codes are.
func addressesIn(s string) []string {
	var out []string
	for i := 0; ; {
		k := strings.Index(s[i:], "http")
		if k < 0 {
			return out
		}
		i += k
		end := i
		for end < len(s) && s[end] > ' ' && !strings.ContainsRune("<>\"'|", rune(s[end])) {
			end++
		}
		raw := strings.TrimRightFunc(s[i:end], func(r rune) bool { return unicode.IsPunct(r) && r != '/' && r != '_' })
		if a := Address(raw); a != "" && !slices.Contains(out, a) {
			out = append(out, a)
		}
		i = max(end, i+4)
	}
}
