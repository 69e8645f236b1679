package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"utkik/internal/account"
)

// Any tells whether there is a way to sign in.
func (s Signin) Any() bool { return s.OIDC.Issuer != "" || s.Mail.Any() }

// Any tells whether links are sent.
func (m SigninMail) Any() bool { return len(m.Allow) > 0 || m.Recipients != "" }

// Networks are those of the proxies; an address is a network of one.
func (w Web) Networks() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range strings.FieldsFunc(w.Proxies, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, errA := netip.ParseAddr(text)
			if errA != nil || a.Zone() != "" {
				return nil, fmt.Errorf("want addresses or networks such as 127.0.0.1, 10.0.0.0/8, got %q", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Bits() == 0 {
			return nil, fmt.Errorf("%q is everybody: whoever asks could say that it asks for another", text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// validateSignin looks at who is let in, and how.
func (l *loader) validateSignin(c *Config) {
	l.oneOf("web.reading", c.Web.Reading, "open", "signin")
	if _, err := c.Web.Networks(); err != nil {
		l.at("web.proxies", "%v", err)
	}
	l.want("web.reading", c.Web.Reading != "signin" || c.Signin.Any(), "signin, and nobody can: say how under signin.oidc or signin.mail")
	l.want("signin.session", c.Signin.Session > 0, "want more than 0s")
	l.want("signin.idle", c.Signin.Idle > 0, "want more than 0s")
	l.want("audit.keep", c.Audit.Keep >= 0, "want 0s, which is for ever, or more")
	if c.Signin.Any() {
		l.want("signin", c.Web.BaseURL != "", "web.base_url is missing; people are sent back there when they sign in")
		u, err := url.Parse(c.Web.BaseURL)
		l.want("web.base_url", err != nil || u.Scheme != "http" || loopback(u.Hostname()),
			"http would send passwords and cookies in the clear, and browsers keep none of ours over it; use https")
	}
	l.validateOIDC("signin.oidc", c.Signin.OIDC)
	l.validateSigninMail(c)
}

// loopback tells whether a host is the machine itself, to which nothing is sent in the clear.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// validateOIDC looks at a sign-in by OpenID Connect, the installation's or an organisation's.
func (l *loader) validateOIDC(section string, o OIDC) {
	l.want(section+".issuer", o.Issuer != "" || o.ClientID == "" && o.ClientSecret == "" && len(o.Roles) == 0 && o.Everyone == "",
		"missing; the other keys of %s need it", section)
	role := func(key, name string) {
		if _, err := account.ParseRole(name); err != nil {
			l.at(key, "want reader, editor or admin, got %q", name)
		}
	}
	for i, r := range o.Roles {
		key := fmt.Sprintf("%s.roles[%d]", section, i)
		l.want(key+".value", r.Value != "", "missing; name the value of %s that gives the role", o.Claim)
		role(key+".role", r.Role)
	}
	if o.Everyone != "" {
		role(section+".everyone", o.Everyone)
	}
	if o.Issuer == "" {
		return
	}
	l.problem(section+".issuer", issuerProblem(o.Issuer))
	l.want(section+".client_id", o.ClientID != "", "missing; the provider gives it when the application is registered there")
	l.want(section+".scopes", slices.Contains(strings.Fields(o.Scopes), "openid"), "want openid among them, got %q", o.Scopes)
	l.want(section+".claim", o.Claim != "" || len(o.Roles) == 0, "missing; %s.roles are values of a claim", section)
	l.want(section+".roles", len(o.Roles) > 0 || o.Everyone != "", "missing; without them, and without %s.everyone, nobody is let in", section)
}

func issuerProblem(issuer string) string {
	if text := addressProblem(issuer); text != "" {
		return text
	}
	u, err := url.Parse(issuer)
	switch {
	case err != nil:
		return err.Error() // unreachable: it was read just before
	case u.Scheme != "https" && !loopback(u.Hostname()):
		return "want https: whoever could alter its answers could sign in as anybody"
	case strings.HasSuffix(u.Path, "/.well-known/openid-configuration"):
		return "want the issuer alone, without /.well-known/openid-configuration"
	case u.Host == "login.microsoftonline.com":
		tenant := strings.Split(strings.Trim(u.Path, "/"), "/")[0]
		if tenant == "" || tenant == "common" || tenant == "organizations" || tenant == "consumers" {
			return "name the tenant, https://login.microsoftonline.com/<tenant id>/v2.0; this issuer is every organisation in the world"
		}
	}
	return ""
}

func (l *loader) validateSigninMail(c *Config) {
	m := c.Signin.Mail
	for i, a := range m.Allow {
		key := fmt.Sprintf("signin.mail.allow[%d]", i)
		switch {
		case (a.Address == "") == (a.Domain == ""):
			l.at(key, "want either address or domain")
		case a.Address != "":
			p, err := mail.ParseAddress(a.Address)
			l.want(key+".address", err == nil && p.Address == a.Address, "want an address without a name, such as anna@example.org, got %q", a.Address)
		default:
			l.want(key+".domain", hostName.MatchString(a.Domain), "want a domain such as example.org, got %q", a.Domain)
		}
		if _, err := account.ParseRole(a.Role); err != nil {
			l.at(key+".role", "want reader, editor or admin, got %q", a.Role)
		}
	}
	if m.Recipients != "" {
		r, err := account.ParseRole(m.Recipients)
		l.want("signin.mail.recipients", err == nil, "want reader or editor, got %q", m.Recipients)
		l.want("signin.mail.recipients", err != nil || r != account.Admin, "want reader or editor: an editor adds recipients, and could make itself admin")
	}
	if m.Any() {
		l.want("signin.mail", c.Mail.Host != "", "mail.host is missing; links to sign in by go by mail")
	}
}
