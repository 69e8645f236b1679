package config

import (
	"cmp"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"utkik/crawler/kind"
	"utkik/internal/subscription"
)

// findings are the problems of one file or configuration, with where each of its values was written.
type findings struct {
	places   map[string]place
	problems Problems
}

func (f *findings) add(ps ...Problem) { f.problems = append(f.problems, ps...) }

// at adds a problem with the value of key, where it was written. A value that nobody wrote is reported
// where its section was.
func (f *findings) at(key string, format string, args ...any) {
	f.add(where(f.places, key).problem(format, args...))
}

func where(places map[string]place, key string) place {
	for k := key; ; {
		if at, ok := places[k]; ok {
			if k != key && at.line > 0 {
				at.key = key
			}
			return at
		}
		cut := strings.LastIndexAny(k, ".[")
		if cut < 0 {
			return place{file: "configuration", key: key}
		}
		k = k[:cut]
	}
}

// want adds a problem unless it is so.
func (f *findings) want(key string, so bool, format string, args ...any) {
	if !so {
		f.at(key, format, args...)
	}
}

// problem adds a problem unless its text is empty.
func (f *findings) problem(key, text string) {
	if text != "" {
		f.at(key, "%s", text)
	}
}

func (f *findings) oneOf(key, got string, known ...string) {
	if !slices.Contains(known, got) {
		f.at(key, "want one of %s, got %q", strings.Join(known, ", "), got)
	}
}

// validate adds a problem for every value that cannot be right.
func (l *loader) validate(c *Config) {
	l.oneOf("log_level", c.LogLevel, "debug", "info", "warn", "error")
	l.oneOf("log_format", c.LogFormat, "text", "json")
	l.want("data", c.Data != "", "want a folder")
	l.want("plan", c.Plan != "", "want the id of a plan or a file")

	if dir := c.Files.Dir; dir != "" {
		if stat, err := os.Stat(dir); err != nil {
			l.at("files.dir", "folder %q: %s", dir, unreadable(err))
			c.Files.Dir = "" // so that its absence is told once
		} else if !stat.IsDir() {
			l.at("files.dir", "%q is not a folder", dir)
			c.Files.Dir = ""
		}
	}

	l.want("crawler.user_agent", c.Crawler.UserAgent != "" && printable(c.Crawler.UserAgent), "want a name on one line")
	l.want("web.contact", printable(c.Web.Contact), "want an address on one line")
	l.want("mail.keep", c.Mail.Keep == 0 || c.Mail.Keep >= 24*time.Hour, "want 0s, which is for ever, or a day or more")
	l.want("crawler.contact", printable(c.Crawler.Contact), "want an address on one line")
	l.want("crawler.delay", c.Crawler.Delay == nil || *c.Crawler.Delay >= 0, "want 0s or more")
	l.want("crawler.timeout", c.Crawler.Timeout > 0, "want more than 0s")
	l.want("crawler.retries", c.Crawler.Retries >= 0 && c.Crawler.Retries <= 10, "want 0 to 10, got %d", c.Crawler.Retries)
	l.want("crawler.parallel", c.Crawler.Parallel >= 1, "want 1 or more, got %d", c.Crawler.Parallel)
	l.want("crawler.max_bytes", c.Crawler.MaxBytes >= 1, "want 1 or more, got %d", c.Crawler.MaxBytes)

	from, to, split := strings.Cut(c.Crawler.Hours, "-")
	l.want("crawler.hours", c.Crawler.Hours == "" || split && clock.MatchString(from) && clock.MatchString(to) && from != to,
		"want two times of day such as 22:00-06:00, got %q", c.Crawler.Hours)

	if c.Store.URL != "" {
		// The value is never repeated: it may hold a password, and a broken one may hold it anywhere.
		u, err := url.Parse(c.Store.URL)
		l.want("store.url", err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && (u.Host != "" || u.Query().Get("host") != ""),
			"want postgres://user:password@host/database, or nothing for SQLite in the data folder; letters such as @ and / in a password are written as %%40 and %%2F")
	}

	l.problem("web.listen", listenProblem(c.Web.Listen))
	if c.Web.BaseURL != "" {
		l.problem("web.base_url", addressProblem(c.Web.BaseURL))
	}
	if c.Metrics.Listen != "" {
		l.problem("metrics.listen", listenProblem(c.Metrics.Listen))
		l.want("metrics.listen", c.Metrics.Listen != c.Web.Listen || strings.HasSuffix(c.Web.Listen, ":0"), "%q is web.listen already; want another port, or nothing", c.Metrics.Listen)
	}
	l.validateSignin(c)
	l.validatePlans(c)
	if c.Web.Node != "" {
		l.problem("web.node", addressProblem(c.Web.Node))
	}
	l.want("web.api_rate", c.Web.APIRate >= 0, "want 0 or more requests a second")
	l.want("web.api_burst", c.Web.APIRate == 0 || c.Web.APIBurst >= 1, "want 1 or more, got %d", c.Web.APIBurst)
	l.validateMail(c.Mail)
	if _, err := subscription.ParseSteps(c.Reminders.Days); err != nil {
		l.at("reminders.days", "%v", err)
	}
	if c.Operator.Mail != "" {
		_, err := mail.ParseAddress(c.Operator.Mail)
		l.want("operator.mail", err == nil, "want an address such as utkik@example.org, got %q", c.Operator.Mail)
	}
	l.want("operator.after", c.Operator.After >= 0, "want 0s or more")
	l.validateOverrides(c.Overrides)
}

func (l *loader) validateMail(m Mail) {
	l.want("mail.port", m.Port >= 1 && m.Port <= 65535, "want 1 to 65535, got %d", m.Port)
	l.want("mail.connections", m.Connections >= 1, "want 1 or more, got %d", m.Connections)
	l.oneOf("mail.tls", m.TLS, "auto", "starttls", "tls", "none")
	l.want("mail.host", !strings.ContainsAny(m.Host, " /:") || net.ParseIP(m.Host) != nil, "want a host name only, got %q; the port is mail.port", m.Host)
	l.want("mail.timeout", m.Timeout > 0, "want more than 0s")
	l.want("mail.rate", m.Rate >= 0 && m.Rate <= 10_000, "want 0 to 10000 mails a second, got %v", m.Rate)
	l.want("mail.list_id", m.ListID == "" || hostName.MatchString(m.ListID), "want a name such as utkik.example.org, got %q", m.ListID)
	if m.Unsubscribe != "" {
		a, err := mail.ParseAddress(m.Unsubscribe)
		l.want("mail.unsubscribe", err == nil && a.Address == m.Unsubscribe, "want an address without a name, such as utkik@example.org, got %q", m.Unsubscribe)
	}
	for _, f := range []struct{ key, file string }{{"mail.ca", m.CA}, {"mail.dkim_key", m.DKIMKey}} {
		if f.file != "" {
			_, err := os.Stat(f.file)
			l.want(f.key, err == nil, "file %q: %s", f.file, unreadable(err))
		}
	}
	l.want("mail.dkim_selector", m.DKIMKey == "" || m.DKIMSelector != "", "missing; mail.dkim_key is set, and its public half is found under a selector")
	l.want("mail.dkim_domain", m.DKIMDomain == "" || hostName.MatchString(m.DKIMDomain), "want a domain such as example.org, got %q", m.DKIMDomain)
	l.address("mail.from", m.From)
	l.address("mail.reply_to", m.ReplyTo)
	l.want("mail.from", m.Host == "" || m.From != "", "missing; mail.host is set, and mail needs a sender")
	l.want("mail.username", m.Password == "" || m.Username != "", "missing; mail.password is set, and it needs a user")
	l.want("mail.tls", m.TLS != "none" || m.Password == "", "none would send the password in the clear; use auto, starttls or tls")
}

// address adds a problem unless a mail address, if there is one, can be read.
func (l *loader) address(key, address string) {
	if address != "" {
		_, err := mail.ParseAddress(address)
		l.want(key, err == nil, "want an address such as Utkik <utkik@example.org>, got %q", address)
	}
}

func (l *loader) validateOverrides(overrides []SourceOverride) {
	first := map[string]int{}
	for i, o := range overrides {
		key := fmt.Sprintf("sources[%d]", i)
		if o.ID == "" {
			l.at(key+".id", "missing; each entry begins with the id of a source")
		} else if before, twice := first[o.ID]; twice {
			l.at(key+".id", "%q stands twice; the first is sources[%d]", o.ID, before)
		} else {
			first[o.ID] = i
		}
	}
}

// validatePlans looks at the organisations that are served beside the installation's own. Each has a host or a path of its own,
// by which readers are told apart.
func (l *loader) validatePlans(c *Config) {
	ids, hosts := map[string]int{}, map[string]string{hostOf(c.Web.BaseURL): "web.base_url"}
	for i, o := range c.Plans {
		key := fmt.Sprintf("plans[%d]", i)
		before, twice := ids[o.ID]
		ids[o.ID] = i
		switch {
		case o.ID == "":
			l.at(key+".id", "missing; each entry begins with a name for the organisation")
		case !sourceID.MatchString(o.ID):
			l.at(key+".id", "want small letters and digits, with - between words, got %q", o.ID)
		case twice:
			l.at(key+".id", "%q stands twice; the first is plans[%d]", o.ID, before)
		}
		l.want(key+".plan", o.Plan != "", "missing; name a plan or its file")
		if o.Signin != "" {
			l.oneOf(key+".signin", o.Signin, "reader", "editor")
		}
		l.validateOIDC(key+".oidc", o.oidc())
		signs := o.Signin != "" || o.OIDC.Issuer != ""
		if signs {
			l.want(key+".base_url", o.BaseURL != "", "missing; people are sent back there when they sign in")
		}
		l.want(key+".signin", signs || o.BaseURL == "" || c.Web.Reading != "signin", "web.reading is signin, and nobody can at this organisation; want reader or editor, or an oidc of its own")
		l.address(key+".from", o.From)
		l.address(key+".reply_to", o.ReplyTo)
		if o.BaseURL == "" {
			continue
		}
		if strings.HasPrefix(o.BaseURL, "/") {
			l.want(key+".base_url", o.BaseURL == OrganisationPath+o.ID, "want %q, or a host of its own, got %q", OrganisationPath+o.ID, o.BaseURL)
			l.want(key+".base_url", c.Web.BaseURL != "", "web.base_url is missing, under which it stands")
		} else {
			l.ownHost(hosts, key+".base_url", o)
		}
		u, err := url.Parse(c.baseURL(o))
		l.want(key+".base_url", !signs || err != nil || u.Scheme != "http" || loopback(u.Hostname()), "http would send cookies in the clear; use https")
	}
}

// ownHost sees to it that an organisation that is reached under a host is the only one there.
func (l *loader) ownHost(hosts map[string]string, key string, o Organisation) {
	if text := addressProblem(o.BaseURL); text != "" {
		l.at(key, "%s", text)
		return
	}
	u, err := url.Parse(o.BaseURL)
	l.want(key, err == nil && (u.Path == "" || u.Path == "/"), "want a host of its own, without a path, or %q under web.base_url, got %q", OrganisationPath+o.ID, o.BaseURL)
	host := hostOf(o.BaseURL)
	if other, taken := hosts[host]; taken {
		l.at(key, "the host is that of %s already; want a host of its own, or %q", other, OrganisationPath+o.ID)
	} else {
		hosts[host] = key
	}
}

// hostOf is the host of an address with its port, in small letters.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// override gives the sources with what the operator alters, by id. A crawler.delay that is set stands for
// every source but those whose own entry says otherwise. The files of the broken ids are there, but were
// refused.
func (l *loader) override(c *Config, sources []kind.Source, broken []string) []kind.Source {
	sources = slices.Clone(sources)
	for i := range sources {
		if c.Crawler.Delay != nil {
			sources[i].Delay = *c.Crawler.Delay
		}
		sources[i].MaxBytes = cmp.Or(sources[i].MaxBytes, c.Crawler.MaxBytes)
	}
	l.only(c.Crawler.Only, sources, broken)
	for i, o := range c.Overrides {
		key := fmt.Sprintf("sources[%d]", i)
		if o.Base != "" {
			l.problem(key+".base", baseProblem(o.Base))
		}
		l.want(key+".every", o.Every == nil || *o.Every > 0, "want more than 0s")
		l.want(key+".delay", o.Delay == nil || *o.Delay >= 0, "want 0s or more")
		l.want(key+".min_items", o.MinItems == nil || *o.MinItems >= 0, "want 0 or more")
		at := slices.IndexFunc(sources, func(s kind.Source) bool { return s.ID == o.ID })
		if at < 0 {
			if o.ID != "" && !slices.Contains(broken, o.ID) {
				l.at(key+".id", "no source %q%s", o.ID, hint(o.ID, idsOf(sources), "there are"))
			}
			continue
		}
		s := &sources[at]
		s.Base = cmp.Or(strings.TrimSuffix(o.Base, "/"), s.Base)
		s.Enabled = valueOr(o.Enabled, s.Enabled)
		s.Every = valueOr(o.Every, s.Every)
		s.Delay = valueOr(o.Delay, s.Delay)
		s.Expect.MinItems = valueOr(o.MinItems, s.Expect.MinItems)
	}
	return sources
}

// only puts the named sources in service and every other one out of it, in place of what their files say.
func (l *loader) only(names string, sources []kind.Source, broken []string) {
	ids := strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
	if len(ids) == 0 {
		return
	}
	for i := range sources {
		sources[i].Enabled = slices.Contains(ids, sources[i].ID)
	}
	for _, id := range ids {
		if !slices.Contains(idsOf(sources), id) && !slices.Contains(broken, id) {
			l.at("crawler.only", "no source %q%s", id, hint(id, idsOf(sources), "there are"))
		}
	}
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func idsOf(sources []kind.Source) []string {
	var ids []string
	for _, s := range sources {
		ids = append(ids, s.ID)
	}
	return ids
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func listenProblem(listen string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Sprintf("want host:port, such as 127.0.0.1:8080 or :8080, got %q", listen)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil { // 0 lets the system choose a free one
		return fmt.Sprintf("want a port of 0 to 65535, got %q", port)
	}
	return ""
}

// addressProblem says what is wrong with the address of a page.
func addressProblem(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return fmt.Sprintf("want an address that begins with https:// or http:// and a host, got %q", withoutPassword(address))
	}
	return ""
}

// baseProblem says what is wrong with what replaces the scheme and host of a source's addresses.
func baseProblem(base string) string {
	u, err := url.Parse(base)
	if text := addressProblem(base); text != "" {
		return text
	}
	if err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return fmt.Sprintf("want scheme and host only, such as http://127.0.0.1:8901, got %q", base)
	}
	return ""
}

// redacted stands where a secret is not shown.
const redacted = "REDACTED"

// withoutPassword gives an address as it may be shown: without a password before the host or in the query.
func withoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		if strings.ContainsAny(address, "@?") {
			return redacted
		}
		return address
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), redacted)
	}
	query := u.Query()
	for name := range query {
		if lower := strings.ToLower(name); strings.Contains(lower, "password") || strings.Contains(lower, "secret") || strings.Contains(lower, "token") {
			query.Set(name, redacted)
			u.RawQuery = query.Encode()
		}
	}
	return u.String()
}
