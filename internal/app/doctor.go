package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"utkik/config"
	"utkik/crawler"
	"utkik/index"
	"utkik/internal/doctor"
	"utkik/internal/jobs"
	"utkik/internal/mail"
	"utkik/internal/store"
	"utkik/internal/watch"
)

// DoctorOptions narrow what [Doctor] looks at.
type DoctorOptions struct {
	Offline bool // neither the mail server nor any name server is asked
	Quick   bool // the store is not read from end to end
}

// doctorTime bounds what the network is asked.
const doctorTime = 20 * time.Second

// Doctor looks at everything that an installation needs, and alters nothing but the tables of the queue, which are made where
// there are none. It goes on where something is ill: each line says what is so, and what to do.
func Doctor(ctx context.Context, cfg *config.Config, o DoctorOptions) []doctor.Line {
	d := &examination{cfg: cfg, options: o, now: time.Now}
	file := cmp.Or(cfg.File, "no file: defaults, environment and flags")
	d.say(doctor.Well("configuration", "%s", file))
	d.plan()
	d.machine()
	if d.store(ctx) {
		d.sources(ctx)
		d.queue(ctx)
		d.nodes(ctx)
		d.outbox(ctx)
		d.notices(ctx)
	}
	d.index(ctx)
	d.web()
	d.mail(ctx)
	if d.app != nil && d.app.Store != nil {
		if err := d.app.Store.Close(); err != nil {
			d.say(doctor.Ill("store", doctor.Warn, "look at the disk", "%v", err))
		}
	}
	return d.lines
}

// examination is one look.
type examination struct {
	cfg     *config.Config
	options DoctorOptions
	now     func() time.Time // the machine's clock, whatever --now says
	app     *App             // with the store open; nil where it cannot be
	size    int64            // of the store
	lines   []doctor.Line
}

func (d *examination) say(ls ...doctor.Line) { d.lines = append(d.lines, ls...) }

// plan reads the plan, and what an imported vocabulary lends it.
func (d *examination) plan() {
	a := &App{Config: d.cfg, log: slog.New(slog.DiscardHandler), now: d.now}
	if !d.cfg.Now.IsZero() {
		a.now = func() time.Time { return d.cfg.Now }
	}
	kinds := crawler.Kinds()
	for _, s := range d.cfg.Sources() {
		if _, ok := kinds[s.Kind]; !ok {
			d.say(doctor.Ill("sources", doctor.Fail, "use a kind that there is, or a newer program", "source %s: this program has no kind %q", s.ID, s.Kind))
		}
	}
	if err := a.readPlan(); err != nil {
		for line := range strings.Lines(err.Error()) {
			d.say(doctor.Ill("plan", doctor.Fail, "mend the file; `utkik plan check` tells every mistake", "%s", strings.TrimSpace(line)))
		}
		return
	}
	d.say(doctor.Well("plan", "%s: %d priorities, %d departments", a.Plan.ID, len(a.Plan.Priorities), len(a.Plan.Departments)))
	for _, o := range d.cfg.Plans {
		m := &App{Config: d.cfg.For(o), ID: o.ID, log: a.log, now: a.now}
		if err := m.readPlan(); err != nil {
			d.say(doctor.Ill("plan", doctor.Fail, "mend the file; `utkik plan check` tells every mistake", "organisation %s: %v", o.ID, err))
			continue
		}
		d.say(doctor.Well("plan", "organisation %s: %s: %d priorities, %d departments", o.ID, m.Plan.ID, len(m.Plan.Priorities), len(m.Plan.Departments)))
	}
	d.app = a
}

// machine looks at what the program stands on.
func (d *examination) machine() {
	zone, _ := d.now().Zone()
	d.say(doctor.Folder(d.cfg.Data), doctor.Zone("Europe/Stockholm", zone))
	if d.cfg.Store.URL == "" {
		if info, err := os.Stat(strings.TrimPrefix(storeURL(d.cfg), "sqlite:")); err == nil {
			d.size = info.Size()
		}
	}
	d.say(doctor.Disk(d.cfg.Data, 2*d.size))
}

// store looks at the store before it opens it: opening would bring the schema forward. It tells whether it could be opened.
func (d *examination) store(ctx context.Context) bool {
	const part = "store"
	look, err := store.Inspect(ctx, storeURL(d.cfg))
	switch {
	case errors.Is(err, store.ErrNewer):
		d.say(doctor.Ill(part, doctor.Fail, "run the newer program, on every machine", "%v", err))
		return false
	case err != nil:
		d.say(doctor.Ill(part, doctor.Fail, "look at store.url, the database and its disk; `utkik restore` puts a backup in its place when it is moved away", "%v", err))
		return false
	case len(look.Have) == 0:
		d.say(doctor.Well(part, "%s: there is none yet; the first command that stores something makes it", look.Name))
		d.say(doctor.Clock(d.now(), time.Time{}, time.Time{})...)
		return false
	case !look.Fits():
		d.say(doctor.Ill(part, doctor.Warn, "take a backup with the program that wrote it; the next command of this one brings it forward",
			"%s: its schema has %d migrations, and this program %d", look.Name, len(look.Have), len(look.Want)))
		return false
	}
	s, err := store.Open(ctx, store.Options{URL: storeURL(d.cfg), Now: d.now})
	if err != nil {
		d.say(doctor.Ill(part, doctor.Fail, "look at the database and its disk", "%v", err))
		return false
	}
	if d.app == nil { // the plan is ill; what needs none is looked at all the same
		d.app = &App{Config: d.cfg, log: slog.New(slog.DiscardHandler), now: d.now}
	}
	d.app.Store = s
	if n, err := s.Size(ctx); err == nil {
		d.size = n
	}
	d.say(doctor.Well(part, "%s: %s, schema of %d migrations", look.Name, doctor.Bytes(uint64(d.size)), len(look.Have)))
	if !d.options.Quick {
		if err := s.Check(ctx); err != nil {
			d.say(doctor.Ill(part, doctor.Fail, "stop every utkik, and put a backup into an empty place with `utkik restore FILE`", "%v", err))
		} else {
			d.say(doctor.Well(part, "read from end to end: whole"))
		}
	}
	d.clock(ctx)
	return true
}

// clock compares the clocks that there are.
func (d *examination) clock(ctx context.Context) {
	var database, latest time.Time
	if d.cfg.Store.URL != "" {
		if ms, err := d.app.Store.Clock(ctx); err == nil {
			database = time.UnixMilli(ms)
		}
	}
	if runs, err := d.app.Store.Runs(ctx, "", 1); err == nil && len(runs) > 0 {
		latest = runs[0].Started
	}
	d.say(doctor.Clock(d.now(), database, latest)...)
}

// sources looks at how every source stands.
func (d *examination) sources(ctx context.Context) {
	const part = "sources"
	all, err := d.app.Sources(ctx, "")
	if err != nil {
		d.say(doctor.Ill(part, doctor.Fail, "look at the store", "%v", err))
		return
	}
	in, well := 0, 0
	var never []string
	for _, s := range all {
		if s.State == watch.Disabled {
			continue
		}
		in++
		if s.State.Well() {
			well++
			continue
		}
		if s.State == watch.Late && s.Last.ID == 0 {
			never = append(never, s.Source.ID)
			continue
		}
		next := "`utkik sources " + s.Source.ID + "` shows its runs"
		switch s.State {
		case watch.Late:
			next = "see that `utkik serve` runs with the role crawl, or `utkik crawl --due` by a timer"
		case watch.Quarantined:
			next = "`utkik sources " + s.Source.ID + "` lists what waits; `utkik sources release` or `drop` decides"
		}
		d.say(doctor.Ill(part, doctor.Warn, next, "%s is %s: %s", s.Source.ID, s.State, s.Reason))
	}
	if len(never) > 0 {
		d.say(doctor.Ill(part, doctor.Warn, "`utkik crawl`, or `utkik serve` with the role crawl, reads them; crawler.only names those that should be", "never read: %s", strings.Join(never, ", ")))
	}
	due, err := d.app.Due(ctx, nil)
	if err != nil {
		d.say(doctor.Ill(part, doctor.Warn, "enable a source in the configuration's list", "%v", err))
		return
	}
	d.say(doctor.Well(part, "%d of %d in service are well; %d are to be read now", well, in, len(due)))
}

// queue looks at what is done in the background.
func (d *examination) queue(ctx context.Context) {
	const part = "queue"
	q, err := jobs.Open(ctx, jobs.Config{Store: d.app.Store, Log: d.app.log, Now: d.now})
	if err != nil {
		d.say(doctor.Ill(part, doctor.Fail, "look at the store", "%v", err))
		return
	}
	defer q.Close()
	list, err := q.List(ctx, false, 1000)
	leader, err2 := q.Leader(ctx)
	if err := errors.Join(err, err2); err != nil {
		d.say(doctor.Ill(part, doctor.Fail, "look at the store", "%v", err))
		return
	}
	waiting := 0
	for _, j := range list {
		name := strings.TrimSpace(j.Kind + " " + j.Key)
		switch {
		case j.State == jobs.Failed:
			first, _, _ := strings.Cut(j.Error, "\n")
			d.say(doctor.Ill(part, doctor.Warn, fmt.Sprintf("mend the cause, then `utkik jobs retry %d`", j.ID), "job %d, %s, has failed for good: %s", j.ID, name, first))
		case j.State == jobs.Queued && d.now().Sub(j.At) > time.Hour:
			d.say(doctor.Ill(part, doctor.Warn, "see that a machine serves with the role that does it", "job %d, %s, waits since %s", j.ID, name, j.At.Format(time.RFC3339)))
		case j.State != jobs.Running:
			waiting++
		}
	}
	if leader == "" {
		d.say(doctor.Ill(part, doctor.Warn, "start `utkik serve`; who crawls and sends by timers of the system's own needs none", "no machine leads it: nothing goes by itself"))
		return
	}
	d.say(doctor.Well(part, "led by %s; %d jobs wait for their time", leader, waiting))
}

// nodes looks at where the machines stand that answer readers, as they have told each other. A store that is one machine's has
// none: its index is looked at itself.
func (d *examination) nodes(ctx context.Context) {
	const part = "nodes"
	if !d.app.Store.Shared() {
		return
	}
	all, err := d.app.Lag(ctx)
	if err != nil {
		d.say(doctor.Ill(part, doctor.Fail, "look at the store", "%v", err))
		return
	}
	for _, n := range all {
		if n.Silent > nodeFresh {
			d.say(doctor.Ill(part, doctor.Warn, "see that it runs and reaches the database; one that is gone for good is forgotten after a day",
				"%s has not said for %s where it stands, %d calls behind", n.Node, n.Silent.Round(time.Second), n.Calls))
			continue
		}
		d.say(doctor.Well(part, "%s: %d calls to follow", n.Node, n.Calls))
	}
}

// outbox looks at the mails that are not sent.
func (d *examination) outbox(ctx context.Context) {
	const part = "outbox"
	all, err := d.app.Store.Count(ctx, store.Tries{}) // of every organisation
	if err != nil {
		d.say(doctor.Ill(part, doctor.Fail, "look at the store", "%v", err))
		return
	}
	waiting := 0
	for _, c := range all.Mails {
		if c.State == store.MailQueued || c.State == store.MailSending {
			waiting += c.Count
		}
		switch late := d.now().Sub(c.Due); {
		case c.State == store.MailRefused || c.State == store.MailSuspended:
			d.say(doctor.Ill(part, doctor.Warn, fmt.Sprintf("`utkik outbox --state %s` says why", c.State), "%d mails are %s", c.Count, c.State))
		case (c.State == store.MailQueued || c.State == store.MailSending) && late > 2*time.Hour && d.cfg.Mail.Host != "":
			d.say(doctor.Ill(part, doctor.Warn, "see that a machine serves with the role mail; `utkik outbox send` sends now", "%d mails are %s, the first since %s", c.Count, c.State, c.Due.Format(time.RFC3339)))
		}
	}
	d.say(doctor.Well(part, "%d mails wait to be sent", waiting))
}

// notices repeats what the operator has been told, or should have been.
func (d *examination) notices(ctx context.Context) {
	open, err := d.app.Store.Notices(ctx)
	if err != nil {
		d.say(doctor.Ill("notices", doctor.Fail, "look at the store", "%v", err))
	}
	for _, n := range open {
		if !strings.HasPrefix(n.Key, "source:") { // those are told with the sources
			d.say(doctor.Ill("notices", doctor.Warn, "`utkik notices` lists what is open", "%s, since %s", n.Text, n.Since.Format(time.RFC3339)))
		}
	}
}

// index compares the index of this machine with the store. One that a server has open is asked for through the server.
func (d *examination) index(ctx context.Context) {
	const part = "index"
	dir := (&App{Config: d.cfg}).indexDir()
	look, err := index.Inspect(dir)
	const again = "stop what serves here and run `utkik reindex`; it grows again from the store"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.say(doctor.Well(part, "%s: there is none; it grows from the store when somebody searches here", dir))
		return
	case errors.Is(err, index.ErrBusy):
		d.served(ctx)
		return
	case err != nil:
		d.say(doctor.Ill(part, doctor.Warn, again, "%v", err))
		return
	case !look.Whole || !look.Fits:
		d.say(doctor.Ill(part, doctor.Warn, "`utkik reindex`, or wait: the next search builds it anew", "%s is not whole, or of another release", dir))
		return
	}
	if d.app == nil || d.app.Store == nil {
		d.say(doctor.Well(part, "%s: %d calls", dir, look.Calls))
		return
	}
	c, err := d.app.Store.Count(ctx, store.Tries{})
	_, behind, err2 := d.app.Store.Behind(ctx, 0, look.Cursor)
	if err := errors.Join(err, err2); err != nil {
		d.say(doctor.Ill(part, doctor.Fail, "look at the store", "%v", err))
		return
	}
	calls := 0
	for _, s := range c.Sources {
		calls += int(s.Calls)
	}
	switch {
	case look.Cursor > c.Top.Rev:
		d.say(doctor.Ill(part, doctor.Warn, again, "%s has followed the store to %d, and the store stands at %d: it was set back", dir, look.Cursor, c.Top.Rev))
	case behind == 0 && look.Calls != calls:
		d.say(doctor.Ill(part, doctor.Warn, again, "%s holds %d calls, and the store %d", dir, look.Calls, calls))
	default:
		d.say(doctor.Well(part, "%s: %d calls, undamaged, %d to follow", dir, look.Calls, behind))
	}
}

// served asks the server that has the index open how it does.
func (d *examination) served(ctx context.Context) {
	const part = "serve"
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for _, listen := range []string{d.cfg.Metrics.Listen, d.cfg.Web.Listen} {
		host, port, err := net.SplitHostPort(listen)
		if err != nil || port == "0" {
			continue
		}
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
		if err != nil {
			continue
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			continue
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		resp.Body.Close()
		var h Health
		if err != nil || json.Unmarshal(body, &h) != nil || len(h.Parts) == 0 {
			continue
		}
		for _, p := range h.Parts {
			if !p.OK {
				d.say(doctor.Ill(part, doctor.Fail, "its log says why", "%s: %s %s", listen, p.Name, p.Reason))
			}
		}
		if h.OK {
			d.say(doctor.Well(part, "%s is ready, and has the index open", listen))
		}
		return
	}
	d.say(doctor.Ill(part, doctor.Warn, "see which utkik runs here; if it should serve, look at its log, and at web.listen and metrics.listen",
		"another utkik has the index open, and none answers where the configuration says that one serves"))
}

// web looks at what mails and feeds need to point to the page.
func (d *examination) web() {
	const part = "web"
	switch {
	case d.cfg.Web.BaseURL == "" && d.cfg.Mail.Host != "":
		d.say(doctor.Ill(part, doctor.Warn, "set web.base_url to the address under which readers reach the page", "web.base_url is not set: mails have no links by which readers answer or end them"))
	case strings.HasPrefix(d.cfg.Web.BaseURL, "http://"):
		d.say(doctor.Ill(part, doctor.Warn, "put a proxy with TLS before the page", "web.base_url %s is not encrypted: links in mails are keys, and can be read on the way", d.cfg.Web.BaseURL))
	case d.cfg.Signin.Any():
		d.say(doctor.Well(part, "%s; readers sign in", cmp.Or(d.cfg.Web.BaseURL, d.cfg.Web.Listen)))
	default:
		d.say(doctor.Well(part, "%s; whoever reaches it can read", cmp.Or(d.cfg.Web.BaseURL, d.cfg.Web.Listen)))
	}
}

// certificateWarn is how long before its end a mail server's certificate is spoken of.
const certificateWarn = 14 * 24 * time.Hour

// mail asks the mail server whether it takes mail from here, without sending any, and the names of the sender's domain.
func (d *examination) mail(ctx context.Context) {
	const part = "mail"
	c := d.cfg.Mail
	if c.Host == "" {
		d.say(doctor.Well(part, "mail.host is not set: nothing is sent"))
		return
	}
	a := &App{Config: d.cfg, log: slog.New(slog.DiscardHandler), now: d.now}
	s, err := a.sender()
	if err != nil {
		d.say(doctor.Ill(part, doctor.Fail, "mend the keys of mail in the configuration", "%v", err))
		return
	}
	defer s.Close()
	if d.options.Offline {
		d.say(doctor.Well(part, "%s:%d was not asked", c.Host, c.Port))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	p, err := s.Probe(ctx)
	switch {
	case err != nil:
		d.say(doctor.Ill(part, doctor.Fail, "mend the keys of mail, or let the server take mail from here", "%v", err))
	case p.TLS == "":
		line := doctor.Well(part, "%s:%d takes mail from %s, in the clear", c.Host, c.Port, c.From)
		if ip := net.ParseIP(c.Host); c.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			line.State, line.Next = doctor.Warn, "set mail.tls to starttls or tls"
			if !p.Offered {
				line.Next = "let the server offer TLS: everybody on the way reads the mails"
			}
		}
		d.say(line)
	case p.Expires.Sub(d.now()) < certificateWarn:
		d.say(doctor.Ill(part, doctor.Warn, "renew it", "the certificate of %s ends at %s", c.Host, p.Expires.Format(time.RFC3339)))
	default:
		d.say(doctor.Well(part, "%s:%d takes mail from %s, by %s, certificate until %s", c.Host, c.Port, c.From, p.TLS, p.Expires.Format(time.DateOnly)))
	}
	names := doctor.Domain{Name: a.letter().Domain(), Selector: c.DKIMSelector, Text: net.DefaultResolver.LookupTXT}
	names.Signs = cmp.Or(c.DKIMDomain, names.Name)
	if c.DKIMKey != "" {
		if text, err := os.ReadFile(c.DKIMKey); err == nil {
			if key, err := mail.ReadKey(text); err == nil {
				names.Key = key // else a.sender has said what is wrong with it
			}
		}
	}
	if !reserved(names.Name) {
		d.say(names.Look(ctx)...)
	}
}

// reserved tells whether a domain is one that is never found (RFC 2606): of examples and tests.
func reserved(domain string) bool {
	last := domain[strings.LastIndexByte(domain, '.')+1:]
	return slices.Contains([]string{"test", "example", "invalid", "localhost"}, last) || slices.Contains([]string{"example.org", "example.com", "example.net"}, domain)
}
