// Package config is what the operator decides: one strict YAML file, the environment and the command
// line, and the data that comes with the program, one file a source and one file a plan. Loading tells
// every problem at once, each with its file, line and key; what is in force can be shown with its
// secrets redacted. README.md in this folder explains every key.
package config

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"utkik/crawler/kind"
)

// Config is the configuration in force. The names of its keys are in the tags; a field tagged
// secret:"true" is never shown, secret:"url" is shown without the password in it.
type Config struct {
	Data      string           `mapstructure:"data"`       // folder of the store and the index
	LogLevel  string           `mapstructure:"log_level"`  // debug, info, warn or error
	LogFormat string           `mapstructure:"log_format"` // text or json
	Plan      string           `mapstructure:"plan"`       // id of a plan, or a file
	Plans     []Organisation   `mapstructure:"plans"`      // further organisations that the installation serves, each with a plan of its own
	Files     Files            `mapstructure:"files"`
	Overrides []SourceOverride `mapstructure:"sources"` // what the operator alters; [Config.Sources] has the result
	Crawler   Crawler          `mapstructure:"crawler"`
	Store     Store            `mapstructure:"store"`
	Web       Web              `mapstructure:"web"`
	Signin    Signin           `mapstructure:"signin"`
	Audit     Audit            `mapstructure:"audit"`
	Mail      Mail             `mapstructure:"mail"`
	Reminders Reminders        `mapstructure:"reminders"`
	Operator  Operator         `mapstructure:"operator"`
	Metrics   Metrics          `mapstructure:"metrics"`

	File string    `mapstructure:"-"` // the configuration file that was read; empty if there is none
	Now  time.Time `mapstructure:"-"` // act as if it were then (--now); zero means the real clock

	sources []kind.Source
	places  map[string]place
}

// Organisation is one whom the installation serves beside its own: what it reads is everybody's, and who is told, what is
// decided and what is shown is each one's own.
type Organisation struct {
	ID      string `mapstructure:"id"`       // for good: what it has is stored under it
	Plan    string `mapstructure:"plan"`     // id of a plan, or a file
	BaseURL string `mapstructure:"base_url"` // address of its pages: with a host of its own, or /o/ and its id, under that of the installation; empty: it has none
	Signin  string `mapstructure:"signin"`   // reader or editor: its recipients may sign in by a link, with this role; empty: none for being one
	OIDC    OIDC   `mapstructure:"oidc"`     // its own sign-in, by OpenID Connect; there is none while the issuer is empty
	From    string `mapstructure:"from"`     // sender of its mails; empty: the installation's
	ReplyTo string `mapstructure:"reply_to"` // where answers to them go; empty: to From, or else where the installation's go
}

// OrganisationPath begins the path of an organisation that has no host of its own; its id ends it.
const OrganisationPath = "/o/"

// baseURL is the whole address of an organisation's pages.
func (c *Config) baseURL(o Organisation) string {
	if strings.HasPrefix(o.BaseURL, "/") {
		return strings.TrimRight(c.Web.BaseURL, "/") + o.BaseURL
	}
	return o.BaseURL
}

// oidc is an organisation's own sign-in, with what is asked for where it says nothing.
func (o Organisation) oidc() OIDC {
	usual, out := Defaults().Signin.OIDC, o.OIDC
	out.Scopes, out.Claim = cmp.Or(out.Scopes, usual.Scopes), cmp.Or(out.Claim, usual.Claim)
	return out
}

// For gives the configuration as it is for an organisation. Who may sign in at the installation's own may not for that reason
// at another.
func (c *Config) For(o Organisation) *Config {
	out := *c
	out.Plan, out.Plans, out.Web.BaseURL = o.Plan, nil, c.baseURL(o)
	out.Signin = Signin{Session: c.Signin.Session, Idle: c.Signin.Idle, OIDC: o.oidc(), Mail: SigninMail{Recipients: o.Signin}}
	if o.From != "" {
		out.Mail.From, out.Mail.ReplyTo = o.From, ""
	}
	out.Mail.ReplyTo = cmp.Or(o.ReplyTo, out.Mail.ReplyTo)
	return &out
}

// Files are the operator's own data files.
type Files struct {
	// Dir holds sources/<id>.yaml and plans/<id>.yaml that stand beside, or replace, those that come
	// with the program. Relative to the working folder; empty if there are none.
	Dir string `mapstructure:"dir"`
}

// SourceOverride alters one source. What is nil or empty stays as the source's own file has it.
type SourceOverride struct {
	ID       string         `mapstructure:"id"`
	Base     string         `mapstructure:"base"` // replaces scheme and host of every address of the source
	Enabled  *bool          `mapstructure:"enabled"`
	Every    *time.Duration `mapstructure:"every"`
	Delay    *time.Duration `mapstructure:"delay"`
	MinItems *int           `mapstructure:"min_items"`
}

// Crawler is how the crawler behaves towards the sites that it reads.
type Crawler struct {
	UserAgent    string         `mapstructure:"user_agent"`
	Contact      string         `mapstructure:"contact"`       // address for a site's own operator; goes with the user agent
	AllowPrivate bool           `mapstructure:"allow_private"` // may connect to loopback and private addresses
	Delay        *time.Duration `mapstructure:"delay"`         // least time between two requests to a host; nil: as each source says
	Timeout      time.Duration  `mapstructure:"timeout"`       // of one request with its whole body
	Retries      int            `mapstructure:"retries"`       // after the first try
	Parallel     int            `mapstructure:"parallel"`      // sources that are crawled at the same time
	MaxBytes     int64          `mapstructure:"max_bytes"`     // of one body after decompression, where the source's file says nothing
	Only         string         `mapstructure:"only"`          // ids of the sources in service, apart by commas, in place of what their files say
	Hours        string         `mapstructure:"hours"`         // such as 22:00-06:00, in Brussels; when sources are read by their rhythm, empty is always
}

// Agent is what the crawler calls itself in requests: the user agent, with the contact if there is one.
func (c Crawler) Agent() string {
	if c.Contact == "" {
		return c.UserAgent
	}
	return c.UserAgent + " (+" + c.Contact + ")"
}

// Operator is who looks after the installation.
type Operator struct {
	Mail  string        `mapstructure:"mail"`  // address that is told what has been wrong for long; empty: nobody
	After time.Duration `mapstructure:"after"` // how long a source must be in trouble before it is told
}

// Metrics is where what is measured can be read, and how the program does.
type Metrics struct {
	Listen string `mapstructure:"listen"` // host:port of /metrics, /healthz and /readyz; empty: none
}

// Reminders are mails about deadlines of what a recipient follows or takes.
type Reminders struct {
	Days string `mapstructure:"days"` // before a deadline, apart by commas; empty: none
}

// Store is where calls, versions and the change log are kept.
type Store struct {
	URL string `mapstructure:"url" secret:"url"` // postgres://…; empty means SQLite in the data folder
}

// Web is the page and the interface for programs.
type Web struct {
	Listen  string `mapstructure:"listen"`   // host:port
	BaseURL string `mapstructure:"base_url"` // address under which readers reach it, for links in mails and feeds
	Contact string `mapstructure:"contact"`  // mail or web address that the pages name for questions and for what is hard to use
	Reading string `mapstructure:"reading"`  // open: whoever reaches the pages reads them; signin: whoever has signed in
	Proxies string `mapstructure:"proxies"`  // addresses and networks whose word is taken for whom they ask, apart by commas
	Node    string `mapstructure:"node"`     // address at which the other machines of the installation reach this one; empty: they need not

	APIRate  float64 `mapstructure:"api_rate"`  // requests a second that a program may make for long; 0: as many as it likes
	APIBurst int     `mapstructure:"api_burst"` // that it may make at once
}

// Root is the path under which the pages stand, without the slash at its end; empty where they have their host for themselves.
func (w Web) Root() string {
	u, err := url.Parse(w.BaseURL)
	if err != nil {
		return "" // unreachable: it was checked
	}
	return strings.TrimRight(u.EscapedPath(), "/")
}

// Signin is how people are known.
type Signin struct {
	Session time.Duration `mapstructure:"session"` // after which somebody signs in anew
	Idle    time.Duration `mapstructure:"idle"`    // without a request, after which the same
	OIDC    OIDC          `mapstructure:"oidc"`
	Mail    SigninMail    `mapstructure:"mail"`
}

// OIDC is the organisation's own sign-in, by OpenID Connect. There is none while Issuer is empty.
type OIDC struct {
	Issuer       string      `mapstructure:"issuer"` // https://login.microsoftonline.com/<tenant>/v2.0, https://id.example.org/realms/region
	ClientID     string      `mapstructure:"client_id"`
	ClientSecret string      `mapstructure:"client_secret" secret:"true"` // empty: a public client, which PKCE alone protects
	Label        string      `mapstructure:"label"`                       // what the button names; empty: the issuer's host
	Scopes       string      `mapstructure:"scopes"`                      // apart by spaces
	Claim        string      `mapstructure:"claim"`                       // that holds roles or groups; dots lead into it
	Roles        []ClaimRole `mapstructure:"roles"`
	Everyone     string      `mapstructure:"everyone"` // role of whoever the provider knows; empty: none but by Roles
}

// ClaimRole is the role that a value of the claim gives.
type ClaimRole struct {
	Value string `mapstructure:"value"`
	Role  string `mapstructure:"role"`
}

// SigninMail is signing in by a link in a mail. There is none while both are empty.
type SigninMail struct {
	Allow      []MailRole `mapstructure:"allow"`
	Recipients string     `mapstructure:"recipients"` // role of the recipients of digests; empty: none for being one
}

// MailRole is the role of an address, or of every address of a domain.
type MailRole struct {
	Address string `mapstructure:"address"`
	Domain  string `mapstructure:"domain"`
	Role    string `mapstructure:"role"`
}

// Audit is the log of who wrote what.
type Audit struct {
	Keep time.Duration `mapstructure:"keep"` // how long; 0: for ever
}

// Mail is the server that digests leave through. Nothing is sent while Host is empty.
type Mail struct {
	Host        string `mapstructure:"host"`
	Port        int    `mapstructure:"port"`
	Username    string `mapstructure:"username"`
	Password    string `mapstructure:"password" secret:"true"`
	From        string `mapstructure:"from"`
	ReplyTo     string `mapstructure:"reply_to"`
	TLS         string `mapstructure:"tls"`         // auto, starttls, tls or none; see README.md
	Connections int    `mapstructure:"connections"` // to the server at the same time

	Timeout      time.Duration `mapstructure:"timeout"`       // of connecting, and of each step of handing a mail over
	Rate         float64       `mapstructure:"rate"`          // mails a second at most; 0: as fast as the server takes them
	CA           string        `mapstructure:"ca"`            // file of certificates that may vouch for the server, beside the system's
	ListID       string        `mapstructure:"list_id"`       // by which mail programs group the mails
	Unsubscribe  string        `mapstructure:"unsubscribe"`   // mail address at which a person ends the mails by hand
	DKIMKey      string        `mapstructure:"dkim_key"`      // file of the private key that signs; empty: the server signs, or nobody
	DKIMDomain   string        `mapstructure:"dkim_domain"`   // empty: that of From
	Keep         time.Duration `mapstructure:"keep"`          // how long what a mail said is kept; 0: for ever
	DKIMSelector string        `mapstructure:"dkim_selector"` // under which the public key is found in the domain's names
}

// Defaults gives the configuration of somebody who has decided nothing.
func Defaults() Config {
	return Config{
		Data:      "./utkik-data",
		LogLevel:  "info",
		LogFormat: "text",
		Plan:      "rvn-2020",
		Crawler: Crawler{
			UserAgent: "utkik/1",
			Timeout:   time.Minute, // the portal's slowest searches were seen to take ten seconds
			Retries:   3,
			Parallel:  2,
			MaxBytes:  32 << 20, // a page of 100 topics of the portal is 2 MB
		},
		Web: Web{Listen: "127.0.0.1:8080", Reading: "open", APIRate: 10, APIBurst: 100},
		// A working day, and a long meeting.
		Signin:    Signin{Session: 12 * time.Hour, Idle: 2 * time.Hour, OIDC: OIDC{Scopes: "openid profile email", Claim: "roles"}},
		Audit:     Audit{Keep: 2 * 365 * 24 * time.Hour},
		Mail:      Mail{Port: 587, TLS: "auto", Connections: 2, Timeout: 30 * time.Second, Keep: 400 * 24 * time.Hour},
		Reminders: Reminders{Days: "30, 14, 7, 1"},
		// A daily source that failed once is told of when it has failed twice.
		Operator: Operator{After: 24 * time.Hour},
	}
}
