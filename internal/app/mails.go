package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"utkik/config"
	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/mail"
	"utkik/internal/outbox"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// The kinds of mail that recipients get.
const (
	KindDigest   = "digest"
	KindLifesign = "lifesign" // a digest without news, so that a month's silence is known to be silence
	KindReminder = "reminder" // of deadlines, on a day without a digest
)

// WriteOptions narrow what [App.WriteDigests] writes.
type WriteOptions struct {
	Department string                // only recipients of this department; empty: all
	Works      subscription.Calendar // nil: [Works]
	Dry        bool                  // nothing is written: what would be is told

	read func(ctx context.Context, after int64) (*news, error) // reads what has happened after a line of the change log; nil: [App.readNews]
}

// Written is what [App.WriteDigests] did.
type Written struct {
	Mails  []MailLine       // by recipient
	Quiet  int              // recipients for whom nothing was new
	NotDue int              // whose latest period has been dealt with
	Held   int              // paused without a stand-in, or suspended
	Next   time.Time        // when the next mail falls due; zero when none does
	Failed []config.Problem // recipients for whom no digest could be made, and why
	None   []config.Problem // recipients who follow nothing

	Templates []config.Problem // the operator's templates that are not used, and why
}

// MailLine is a mail as it is listed.
type MailLine struct {
	Key     store.MailKey
	Kind    string
	Address string
	Subject string
	Items   int
}

// staleCursor is after how long without a mail a recipient's place in the change log is moved on: what is older would
// only be read anew each day.
const staleCursor = 40 * 24 * time.Hour

// due is one recipient whose mail is due.
type due struct {
	recipient *subscription.Recipient
	subscription.Due
	reminders []subscription.Reminder
	only      bool // a mail of reminders, and no digest
}

// edition is one digest, and all recipients who are told the same.
type edition struct {
	reader   digest.Reader
	language string
	waiting  []int64
	to       []due
}

// WriteDigests writes to the outbox what is due for the recipients now: one mail each for everything that changed since
// the last, under the key of recipient and period, in the transaction that moves the recipient's place in the change log.
// Recipients who are told the same share one digest. One for whom none can be made keeps the others from nothing.
func (a *App) WriteDigests(ctx context.Context, o WriteOptions) (Written, error) {
	var w Written
	works := o.Works
	if works == nil {
		works = Works
	}
	if err := a.renewKeys(ctx); err != nil {
		return w, err
	}
	read := o.read
	if read == nil {
		read = a.readNews
	}
	now := a.now()
	all, err := a.Store.Recipients(ctx)
	if err != nil {
		return w, err
	}
	decisions, err := a.Store.Decisions(ctx)
	if err != nil {
		return w, err
	}
	reminders, err := a.reminders(ctx, all, decisions, now, works)
	if err != nil {
		return w, err
	}
	var dues []due
	for i := range all {
		r := &all[i]
		if o.Department != "" && r.Department != o.Department {
			continue
		}
		d, why := r.Due(now, works)
		if why == "" && d.StandIn {
			s, err := a.Store.Suspended(ctx, d.Address)
			if err != nil {
				return w, err
			}
			if s.Is() {
				why = subscription.WhySuspended
			}
		}
		switch why {
		case "":
			dues = append(dues, due{recipient: r, Due: d, reminders: reminders[r.ID]})
			continue
		case subscription.WhyTold:
			w.NotDue++
			if next, ok := r.Next(now, works); ok && (w.Next.IsZero() || next.Before(w.Next)) {
				w.Next = next
			}
		case subscription.WhyNothing:
			w.None = append(w.None, config.Problem{File: fmt.Sprintf("recipient %q", r.ID), Key: "follows", Text: "follows nothing, and is told nothing"})
		default:
			w.Held++
		}
		alone, ok, err := a.remindsAlone(ctx, r, reminders[r.ID], now, works)
		if err != nil {
			return w, err
		}
		if ok {
			dues = append(dues, alone)
		}
	}
	if len(dues) == 0 {
		return w, nil
	}
	after := int64(math.MaxInt64)
	for _, d := range dues {
		if !d.only {
			after = min(after, place(d.recipient))
		}
	}
	n, err := read(ctx, after)
	if err != nil {
		return w, err
	}
	if _, err := a.match(ctx); err != nil { // the plan may have been edited since the news were read
		return w, err
	}
	now = n.now
	day, err := a.ofNews(ctx, n, min(after, n.top), dayExtras{decisions: decisions, acts: true})
	if err != nil {
		return w, err
	}
	templates, problems := a.templates()
	w.Templates = problems
	editions, err := a.editions(ctx, &w, dues, decisions, day, n)
	if err != nil {
		return w, err
	}
	err = a.writeEditions(ctx, &w, o.Dry, editions, templates, day, n.top, now)
	slices.SortFunc(w.Mails, func(x, y MailLine) int {
		return cmp.Or(strings.Compare(x.Key.Recipient, y.Key.Recipient), strings.Compare(x.Key.Period, y.Key.Period))
	})
	return w, err
}

// place is the line of the change log after which a recipient has something to be told.
func place(r *subscription.Recipient) int64 {
	after := r.Progress.Cursor
	for _, seq := range r.Progress.Waiting {
		after = min(after, seq-1)
	}
	return after
}

// readNews reads what has happened after a line of the change log, and how all stands now.
func (a *App) readNews(ctx context.Context, after int64) (*news, error) {
	top, err := a.Store.LastSeq(ctx) // before anything else is read: what comes later is told later
	if err != nil {
		return nil, err
	}
	if _, err := a.match(ctx); err != nil {
		return nil, err
	}
	if err := a.link(ctx); err != nil {
		return nil, err
	}
	now := a.now()
	local := now.In(Stockholm())
	n := &news{day: time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, Stockholm()), now: now, end: now.Add(time.Second), top: top}
	if after < top {
		if n.changes, err = a.Store.Changes(ctx, store.ChangeQuery{After: after}); err != nil {
			return nil, err
		}
		n.changes = n.changes[:upTo(n.changes, top)]
	}
	return n, a.readStanding(ctx, n)
}

// upTo is how many lines have that seq or less.
func upTo(lines []call.Change, seq int64) int {
	n, _ := slices.BinarySearchFunc(lines, seq+1, func(c call.Change, seq int64) int { return cmp.Compare(c.Seq, seq) })
	return n
}

// editions puts together recipients who are told the same.
func (a *App) editions(ctx context.Context, w *Written, dues []due, decisions []subscription.Decision, day *digest.Day, n *news) ([]*edition, error) {
	decided, own := choices(decisions)
	states := map[time.Time][]digest.SourceState{}
	found, failed := a.savedSearches(ctx, dues, n.now)
	byKey := map[string]*edition{}
	var out []*edition
next:
	for _, d := range dues {
		r := d.recipient
		follows := r.Follows
		if d.only {
			follows = nil // it reminds of what was decided
		}
		for _, f := range follows {
			if err := failed[f.Search]; err != nil && f.Search != "" {
				w.Failed = append(w.Failed, config.Problem{File: fmt.Sprintf("recipient %q", r.ID), Text: err.Error()})
				continue next
			}
		}
		since := r.Progress.Mailed
		name := r.Name
		if dep, ok := a.Plan.Department(r.Department); ok {
			name = dep.Name
			if r.Language == "en" {
				name = cmp.Or(dep.NameEN, dep.Name)
			}
		}
		reader := digest.Reader{Name: name, Department: r.Department, Follows: follows, Found: found, Decided: decided[r.Department], Since: since,
			Foot: a.foot(), Reminders: d.reminders, Only: d.only}
		read := since.Add(time.Millisecond) // what was read then was told then
		if r.Progress.Period == "" {        // whoever was never told anything knows nothing
			reader.Since = time.Time{}
			local := since.In(Stockholm())
			read = time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, Stockholm())
		}
		whose := "" // decisions that only this recipient made
		if mine := own[r.ID]; len(mine) > 0 {
			whose = r.ID
			reader.Decided = mine
			for k, c := range decided[r.Department] {
				if _, ok := mine[k]; !ok {
					mine[k] = c
				}
			}
		}
		if d.StandIn {
			reader.StandIn, reader.Until = r.Name, r.Pause.Until
		}
		key, err := json.Marshal([]any{r.Language, reader.Name, reader.Department, reader.Follows, reader.Since, whose, reader.StandIn, reader.Until, r.Progress.Cursor, r.Progress.Waiting,
			reader.Reminders, reader.Only})
		if err != nil {
			return nil, err // unreachable: texts, numbers and a time
		}
		e := byKey[string(key)]
		if e == nil {
			if states[read] == nil {
				states[read] = sourceStates(n.readings, read, n.now)
			}
			reader.Sources = states[read]
			e = &edition{reader: reader, language: r.Language}
			e.reader.Changes = untold(n.changes, r.Progress)
			e.waiting = day.Waiting(e.reader.Changes)
			byKey[string(key)] = e
			out = append(out, e)
		}
		e.to = append(e.to, d)
	}
	return out, nil
}

// untold gives the lines that a recipient has not been told: those after its place, and those that were held back.
func untold(lines []call.Change, p subscription.Progress) []call.Change {
	rest := lines[upTo(lines, p.Cursor):]
	if len(p.Waiting) == 0 {
		return rest
	}
	var out []call.Change
	for _, c := range lines[:upTo(lines, p.Cursor)] {
		if slices.Contains(p.Waiting, c.Seq) {
			out = append(out, c)
		}
	}
	return append(out, rest...)
}

// choices gives the decisions in force, of departments and of single recipients.
func choices(ds []subscription.Decision) (departments, recipients map[string]map[call.Key]subscription.Choice) {
	departments, recipients = map[string]map[call.Key]subscription.Choice{}, map[string]map[call.Key]subscription.Choice{}
	for _, d := range ds {
		to, id := departments, d.Department
		if d.Recipient != "" {
			to, id = recipients, d.Recipient
		}
		if to[id] == nil {
			to[id] = map[call.Key]subscription.Choice{}
		}
		if d.Choice != subscription.Undecided {
			to[id][d.Key] = d.Choice
		}
	}
	return departments, recipients
}

// savedSearches makes every saved search that somebody follows, once. What cannot be searched says so.
func (a *App) savedSearches(ctx context.Context, dues []due, now time.Time) (map[string]map[call.Key]bool, map[string]error) {
	found, failed := map[string]map[call.Key]bool{}, map[string]error{}
	var x *index.Index
	for _, d := range dues {
		for _, f := range d.recipient.Follows {
			if d.only || f.Search == "" || found[f.Search] != nil || failed[f.Search] != nil {
				continue
			}
			keys, err := map[call.Key]bool(nil), error(nil)
			if x == nil {
				if err = a.CatchUp(ctx); err == nil {
					x, err = a.Index(ctx)
				}
			}
			if err == nil {
				keys, err = x.Keys(ctx, f.Search, now)
			}
			if err != nil {
				failed[f.Search] = err
				continue
			}
			found[f.Search] = keys
		}
	}
	return found, failed
}

// tellAtOnce is how many recipients are told in one transaction.
const tellAtOnce = 200

// made is an edition ready to be written.
type made struct {
	*edition
	subject string
	items   int
	worth   bool
	content store.PackedContent
	err     error
}

// writeEditions builds digests, several at a time, and writes what is worth a mail.
func (a *App) writeEditions(ctx context.Context, w *Written, dry bool, editions []*edition, templates *digest.Templates, day *digest.Day, top int64, now time.Time) error {
	feed, built := make(chan *edition), make(chan made)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for e := range feed {
				built <- makeEdition(day, templates, e)
			}
		})
	}
	stop := make(chan struct{})
	go func() {
		defer close(built)
		defer workers.Wait()
		defer close(feed)
		for _, e := range editions {
			select {
			case feed <- e:
			case <-stop:
				return
			}
		}
	}()
	domain := a.letter().Domain()
	var tellings []store.Telling
	var lines []MailLine
	flush := func() error {
		if len(tellings) == 0 {
			return nil
		}
		keys, err := a.Store.Tell(ctx, tellings)
		for _, l := range lines {
			if slices.Contains(keys, l.Key) {
				w.Mails = append(w.Mails, l)
			}
		}
		tellings, lines = tellings[:0], lines[:0]
		return err
	}
	var failed error
	halt := sync.OnceFunc(func() { close(stop) })
	for m := range built {
		if failed != nil {
			continue
		}
		for _, d := range m.to {
			r := d.recipient
			if m.err != nil {
				w.Failed = append(w.Failed, config.Problem{File: fmt.Sprintf("recipient %q", r.ID), Text: m.err.Error()})
				continue
			}
			if d.only {
				if failed = a.remind(ctx, w, dry, &m, d, domain, now); failed != nil {
					break
				}
				continue
			}
			t := store.Telling{Recipient: r.ID, From: r.Progress, To: r.Progress, Content: m.content, Reminders: d.reminders}
			t.To.Period = d.Period
			kind := KindDigest
			if !m.worth && r.Silent(d.At) {
				kind = KindLifesign
			}
			if m.worth || kind == KindLifesign {
				t.To.Cursor, t.To.Waiting, t.To.Mailed = top, m.waiting, now
				key := store.MailKey{Recipient: r.ID, Period: d.Period}
				t.Mail = &store.Mail{MailKey: key, Kind: kind, Items: m.items, Address: d.Address, Name: r.Name, Language: r.Language,
					MessageID: outbox.MessageID(a.Store.Stored(key), domain), Due: now}
				lines = append(lines, MailLine{key, kind, d.Address, m.subject, m.items})
			} else {
				w.Quiet++
				if now.Sub(r.Progress.Mailed) > staleCursor {
					t.To.Cursor, t.To.Waiting = top, m.waiting
				}
			}
			if dry {
				w.Mails, lines = append(w.Mails, lines...), lines[:0]
				continue
			}
			if tellings = append(tellings, t); len(tellings) >= tellAtOnce {
				failed = flush()
			}
		}
		if failed == nil {
			failed = ctx.Err()
		}
		if failed != nil {
			halt()
		}
	}
	if failed != nil {
		return failed
	}
	return flush()
}

// makeEdition builds one digest and lays it out.
func makeEdition(day *digest.Day, templates *digest.Templates, e *edition) made {
	m := made{edition: e}
	d, err := day.Reader(&e.reader, e.language)
	if err == nil {
		m.subject, m.items, m.worth = d.Subject, d.News(), d.Worth()
		m.content, err = packDigest(templates, d)
	}
	m.err = err
	return m
}

// packDigest lays a digest out as a mail says it, with what it was made of.
func packDigest(templates *digest.Templates, d digest.Digest) (store.PackedContent, error) {
	html, err := templates.HTML(d)
	if err != nil {
		return store.PackedContent{}, err
	}
	text, err := templates.Text(d)
	if err != nil {
		return store.PackedContent{}, err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return store.PackedContent{}, fmt.Errorf("digest %s: %v", d.Date, err)
	}
	return store.PackContent(&store.Content{Subject: d.Subject, Text: text, HTML: string(html), Data: data})
}

// letter is how mails look that leave this house.
func (a *App) letter() *mail.Letter {
	c := a.Config.Mail
	return &mail.Letter{From: cmp.Or(c.From, "Utkik <utkik@localhost>"), ReplyTo: c.ReplyTo, ListID: c.ListID, Unsubscribe: c.Unsubscribe}
}

// from gives who a mail is from, and where answers to it go: its own organisation has the say.
func (a *App) from(m store.Mail) (from, replyTo string) {
	c := a.Config.Mail
	if org, _ := store.MailOf(m.MailKey); org != "" {
		if o, err := a.Organisation(org); err == nil {
			c = o.Config.Mail
		}
	}
	return c.From, c.ReplyTo
}

// EML gives a digest as a mail that nobody is sent.
func (a *App) EML(d digest.Digest) ([]byte, error) {
	templates := a.Templates()
	html, err := templates.HTML(d)
	if err != nil {
		return nil, err
	}
	text, err := templates.Text(d)
	if err != nil {
		return nil, err
	}
	l := a.letter()
	key := store.MailKey{Recipient: d.Department, Period: d.Date + " " + d.Language}
	return l.Render(&outbox.Message{ID: outbox.MessageID(a.Store.Stored(key), l.Domain()), Kind: KindDigest, Language: d.Language, Date: a.now(), Subject: d.Subject, Text: text, HTML: string(html)})
}

// ErrDry says that nothing is sent, because nobody has said through which server.
var ErrDry = errors.New("mail.host is not set in the configuration: nothing is sent")

// sender makes the sender that the configuration describes.
func (a *App) sender() (*mail.Sender, error) {
	c := a.Config.Mail
	if c.Host == "" {
		return nil, ErrDry
	}
	conf := mail.Config{Letter: *a.letter(), Host: c.Host, Port: c.Port, Username: c.Username, Password: c.Password, TLS: c.TLS,
		Connections: c.Connections, Timeout: c.Timeout, Rate: c.Rate}
	problem := func(key, file string, err error) error {
		return config.Problems{{File: cmp.Or(a.Config.File, "configuration"), Key: key, Text: fmt.Sprintf("file %q: %v", file, err)}}
	}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, problem("mail.ca", c.CA, err)
		}
		if conf.Roots, err = x509.SystemCertPool(); err != nil {
			conf.Roots = x509.NewCertPool()
		}
		if !conf.Roots.AppendCertsFromPEM(text) {
			return nil, problem("mail.ca", c.CA, errors.New("holds no certificate in PEM"))
		}
	}
	if c.DKIMKey != "" {
		text, err := os.ReadFile(c.DKIMKey)
		if err != nil {
			return nil, problem("mail.dkim_key", c.DKIMKey, err)
		}
		key, err := mail.ReadKey(text)
		if err != nil {
			return nil, problem("mail.dkim_key", c.DKIMKey, err)
		}
		conf.DKIM = &mail.DKIM{Domain: c.DKIMDomain, Selector: c.DKIMSelector, Key: key}
	}
	return mail.New(conf)
}

// SendMails sends what is due in the outbox. [ErrDry] while mail is not configured.
func (a *App) SendMails(ctx context.Context) (outbox.Report, error) {
	if a.parent != nil {
		return outbox.Report{}, errShared
	}
	s, err := a.sender()
	if err != nil {
		return outbox.Report{}, err
	}
	if err := a.renewKeys(ctx); err != nil { // a mail may have been written by another machine, under a newer key
		return outbox.Report{}, errors.Join(err, s.Close())
	}
	for _, m := range a.all()[1:] {
		if err := m.renewKeys(ctx); err != nil {
			return outbox.Report{}, errors.Join(err, s.Close())
		}
	}
	r, err := outbox.Send(ctx, outbox.Options{Store: a.Store, Sender: s, Now: a.now, Log: a.log, Workers: a.Config.Mail.Connections,
		Unsubscribe: a.Unsubscribe, Fill: a.Fill, From: a.from})
	return r, errors.Join(err, s.Close())
}

// Mails gives the latest mails of a state, or of all when it is empty, newest first, and how many there are by state: of the
// organisation, or, for who runs the installation, of all of them. A limit of 0 is none.
func (a *App) Mails(ctx context.Context, state store.MailState, limit int) ([]store.Mail, []store.MailCount, error) {
	list, count := a.Store.Mails, a.Store.MailCounts
	if a.parent == nil {
		list, count = a.Store.AllMails, a.Store.AllMailCounts
	}
	ms, err := list(ctx, state, limit)
	if err != nil {
		return nil, nil, err
	}
	counts, err := count(ctx)
	return ms, counts, err
}

// Mail gives a mail of the outbox with what it says and every try to send it. What was weeded is [store.ErrWeeded], with the
// rest.
func (a *App) Mail(ctx context.Context, k store.MailKey) (m store.Mail, c store.Content, tries []store.Try, err error) {
	if org, own := store.MailOf(k); org != "" && a.parent == nil { // as the installation's own lists it
		o, err := a.Organisation(org)
		if err != nil {
			return m, c, nil, err
		}
		m, c, tries, err = o.Mail(ctx, own)
		m.MailKey = k
		return m, c, tries, err
	}
	m, err = a.Store.Mail(ctx, k)
	if errors.Is(err, store.ErrNotFound) {
		return m, c, nil, &UnknownError{What: "mail", Names: []string{fmt.Sprintf("%q", k)}, See: "utkik outbox"}
	}
	if err == nil {
		tries, err = a.Store.Tries(ctx, k)
	}
	if err == nil {
		c, err = a.Store.Content(ctx, m.Content)
	}
	if err == nil && a.Fill != nil {
		c.Text, c.HTML = a.Fill(m, c.Text), a.Fill(m, c.HTML)
	}
	return m, c, tries, err
}

// Sent gives a mail byte for byte as it was sent, or as it will be. exact is false where it was sent and cannot be made
// again: what fills it for its recipient has become another since.
func (a *App) Sent(m store.Mail, c store.Content) (raw []byte, exact bool, err error) {
	if org, own := store.MailOf(m.MailKey); org != "" && a.parent == nil {
		o, err := a.Organisation(org)
		if err != nil {
			return nil, false, err
		}
		m.MailKey = own
		return o.Sent(m, c)
	}
	raw, err = a.letter().Render(outbox.Compose(m, c, a.Unsubscribe, a.Fill))
	if err != nil || m.State != store.MailSent {
		return raw, true, err
	}
	raw = slices.Concat(m.Head, raw[len(mail.Head(raw)):])
	return raw, mail.Hash(raw) == m.Hash, nil
}
