package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/token"
)

// digestTexts are the words of the pages of digests and mails.
type digestTexts struct {
	Heading string            `json:"heading"`
	Intro   string            `json:"intro"`
	Daily   string            `json:"daily"`
	DailyIn string            `json:"daily_in"`
	DailyNo string            `json:"daily_no"`
	Sent    string            `json:"sent"`
	SentIn  string            `json:"sent_in"`
	SentNo  string            `json:"sent_no"`
	Private string            `json:"private"` // how many
	Day     string            `json:"day"`
	To      string            `json:"to"`
	What    string            `json:"what"`
	How     string            `json:"how"`
	Kinds   map[string]string `json:"kinds"`
	Items   string            `json:"items"`
	States  map[string]string `json:"states"` // by state: when
	Whole   string            `json:"whole"`
	WholeOf string            `json:"whole_of"` // of a department's digest of a day
	Weeded  string            `json:"weeded"`
	OldForm string            `json:"old_form"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	Back    string            `json:"back"`
}

// digestsPage lists what was said to whom.
type digestsPage struct {
	Frame
	Days    []digestDay
	Mails   []mailRow
	Private string
}

type digestDay struct {
	Day   string
	Links []webLink
}

type mailRow struct {
	Day, To, Link, Kind, Items, State string
	Bad                               bool
}

// digestPage is one digest as its readers were told it, with nothing folded.
type digestPage struct {
	Frame
	Intro    string
	Facts    []fact
	Note     string // why it cannot be shown
	Digest   *digest.Page
	DigestIn string // language, where it is not the page's
	Text     string // as plain text, where it was made in another form
	All      string // to the list; empty for whoever came by a link of a mail
}

// How much the list of digests shows.
const (
	shownDigests = 200
	shownMails   = 300
)

// ofDepartment tells whether what a recipient is told is its department's affair: it is the department's own, and follows it
// and nothing else. What a person chose to follow is that person's.
func ofDepartment(r *subscription.Recipient) bool {
	return r.Department != "" && len(r.Follows) > 0 && !slices.ContainsFunc(r.Follows, func(f subscription.Subscription) bool {
		return f.Search != "" || len(f.Priorities)+len(f.Programmes)+len(f.Kinds) > 0 || !slices.Equal(f.Departments, []string{r.Department})
	})
}

// digestKinds are the mails that tell recipients of calls.
func digestKinds() []string { return []string{"digest", "lifesign", "reminder"} }

func (s *Server) digests(_ http.ResponseWriter, r *http.Request) (view, error) {
	f, ctx := s.frame(r), r.Context()
	t := &f.T.Digests
	p := digestsPage{Frame: f}
	p.Title = f.titled(t.Heading)
	kept, err := s.cfg.Store.DigestHeads(ctx, shownDigests)
	if err != nil {
		return view{}, err
	}
	seen := map[string]bool{}
	for _, d := range kept {
		id := d.Date + " " + d.Department
		if _, known := s.cfg.Plan.Department(d.Department); !known || seen[id] {
			continue
		}
		seen[id] = true
		day := f.T.dateOf(d.Date)
		if n := len(p.Days); n == 0 || p.Days[n-1].Day != day {
			p.Days = append(p.Days, digestDay{Day: day})
		}
		last := &p.Days[len(p.Days)-1]
		last.Links = append(last.Links, webLink{f.address("/digests/department/"+url.PathEscape(d.Department)+"/"+url.PathEscape(d.Date), url.Values{}), s.departmentName(f, d.Department)})
	}
	recipients, err := s.byRecipient(ctx)
	if err != nil {
		return view{}, err
	}
	mails, err := s.cfg.Store.MailsBefore(ctx, store.Mail{}, "", "", "", shownMails)
	if err != nil {
		return view{}, err
	}
	hidden := 0
	for i := range mails {
		m := &mails[i]
		if !slices.Contains(digestKinds(), m.Kind) {
			continue
		}
		if !s.mayRead(r, m, recipients) {
			hidden++
			continue
		}
		p.Mails = append(p.Mails, s.mailRow(f, m))
	}
	if hidden > 0 {
		p.Private = fmt.Sprintf(t.Private, number(int64(hidden), f.T.Group))
	}
	return view{page: "digests", data: p}, nil
}

func (s *Server) byRecipient(ctx context.Context) (map[string]*subscription.Recipient, error) {
	all, err := s.cfg.Store.Recipients(ctx)
	out := map[string]*subscription.Recipient{}
	for i := range all {
		out[all[i].ID] = &all[i]
	}
	return out, err
}

// mayRead tells whether whoever asks may read a mail: a department's everybody who reads here, any other its own recipient and
// editors. The mail's own link needs no asking.
func (s *Server) mayRead(r *http.Request, m *store.Mail, recipients map[string]*subscription.Recipient) bool {
	actor, to := s.actor(r), recipients[m.Recipient]
	switch {
	case actor.May(account.Editor):
		return true
	case to == nil:
		return false
	case ofDepartment(to) && strings.EqualFold(m.Address, to.Address):
		return actor.May(account.Reader)
	}
	return actor.Mail != "" && strings.EqualFold(actor.Mail, m.Address)
}

func (s *Server) mailRow(f Frame, m *store.Mail) mailRow {
	t := &f.T.Digests
	return mailRow{Day: f.T.dateOf(f.T.local(m.Written)), To: cmp.Or(m.Name, m.Recipient), Kind: t.Kinds[m.Kind], Items: fmt.Sprintf(t.Items, number(int64(m.Items), f.T.Group)),
		Link:  f.address("/digests/mail/"+url.PathEscape(m.Recipient)+"/"+url.PathEscape(m.Period), url.Values{}),
		State: s.mailState(f, m), Bad: m.State == store.MailRefused || m.State == store.MailSuspended}
}

// mailState says where a mail stands, in words.
func (s *Server) mailState(f Frame, m *store.Mail) string {
	return fmt.Sprintf(f.T.Digests.States[string(m.State)], f.T.moment(call.At(m.Since)))
}

// local is the local day of an instant, 2026-05-13.
func (t *texts) local(at time.Time) string { return at.In(call.Brussels()).Format(time.DateOnly) }

// dateOf is a day in words; what is no day stays.
func (t *texts) dateOf(date string) string {
	m, err := call.ParseMoment(date)
	if err != nil {
		return date
	}
	return t.moment(m)
}

// departmentDigest is what a department was told of a day.
func (s *Server) departmentDigest(_ http.ResponseWriter, r *http.Request) (view, error) {
	f, ctx := s.frame(r), r.Context()
	id, date := r.PathValue("id"), r.PathValue("date")
	if _, ok := s.cfg.Plan.Department(id); !ok {
		return view{}, errNotFound
	}
	d, err := s.cfg.Store.Digest(ctx, id, date, f.Lang)
	if errors.Is(err, store.ErrNotFound) {
		d, err = s.cfg.Store.Digest(ctx, id, date, f.Other)
	}
	if err != nil {
		return view{}, err
	}
	p := digestPage{Frame: f, Intro: fmt.Sprintf(f.T.Digests.WholeOf, f.T.day(d.At)), All: f.address("/digests", url.Values{})}
	p.Title = f.titled(s.departmentName(f, id) + ", " + f.T.dateOf(date))
	s.tell(&p, d.Body, d.Language, false)
	return view{page: "digest", data: p}, nil
}

// mail is the page of a mail, for whoever may read it.
func (s *Server) mail(_ http.ResponseWriter, r *http.Request) (view, error) {
	f, ctx := s.frame(r), r.Context()
	key := store.MailKey{Recipient: r.PathValue("recipient"), Period: r.PathValue("period")}
	if org, _ := store.MailOf(key); org != "" { // who sends names every organisation's; nobody reads another's
		return view{}, errNotFound
	}
	m, err := s.cfg.Store.Mail(ctx, key)
	if err != nil {
		return view{}, err
	}
	recipients, err := s.byRecipient(ctx)
	if err != nil {
		return view{}, err
	}
	if !slices.Contains(digestKinds(), m.Kind) {
		return view{}, errNotFound
	}
	if !s.mayRead(r, &m, recipients) {
		return view{}, errNotAllowed
	}
	p := digestPage{Frame: f, All: f.address("/digests", url.Values{})}
	err = s.fillMail(ctx, &p, &m, nil)
	return view{page: "digest", data: p}, err
}

// ownMail is the page of a mail that its own link leads to: with the links by which its reader acts.
func (s *Server) ownMail(r *http.Request, a *acting) (view, error) {
	m, err := s.cfg.Store.Mail(r.Context(), store.MailKey{Recipient: a.claim.Recipient, Period: a.claim.Period})
	if errors.Is(err, store.ErrNotFound) {
		return view{}, &refused{a.frame, a.frame.T.Act.CallGone, http.StatusGone}
	}
	if err != nil {
		return view{}, err
	}
	p := digestPage{Frame: a.frame}
	err = s.fillMail(r.Context(), &p, &m, a.ring)
	return view{page: "digest", data: p}, err
}

// fillMail puts a mail on its page; with the keys, its own links too.
func (s *Server) fillMail(ctx context.Context, p *digestPage, m *store.Mail, ring token.Ring) error {
	t := &p.T.Digests
	p.Intro = t.Whole
	facts := adder{}
	facts.add(t.To, m.Name)
	facts.add(t.What, t.Kinds[m.Kind])
	facts.add(t.Day, p.T.dateOf(p.T.local(m.Written)))
	facts.add(t.How, s.mailState(p.Frame, m))
	p.Facts = facts
	c, err := s.cfg.Store.Content(ctx, m.Content)
	if errors.Is(err, store.ErrWeeded) {
		p.Title, p.Note = p.titled(t.Heading), t.Weeded
		return nil
	}
	if err != nil {
		return err
	}
	p.Title = p.titled(c.Subject)
	p.Facts = append([]fact{{t.Subject, []string{c.Subject}}}, p.Facts...)
	data, text := string(c.Data), c.Text
	if ring != nil && s.cfg.BaseURL != "" {
		fill, mail := token.NewFiller(s.cfg.BaseURL), token.Mail{Recipient: m.Recipient, Period: m.Period, Address: m.Address, Written: m.Written}
		data, text = fill.Fill(ring, data, mail), fill.Fill(ring, text, mail)
	}
	s.tell(p, []byte(data), m.Language, ring != nil)
	if p.Digest == nil && ring != nil {
		p.Text = text // for others it may hold what is its reader's own
	}
	return nil
}

// tell lays a digest out whole; own says that its reader's own links may stand in it.
func (s *Server) tell(p *digestPage, data []byte, lang string, own bool) {
	d, err := digest.Read(data)
	if err != nil {
		s.cfg.Log.Warn("a digest cannot be laid out", "err", err)
		p.Note = p.T.Digests.OldForm
		return
	}
	d = d.Whole()
	if !own {
		d = d.Public()
	}
	page := d.Page()
	p.Digest, p.DigestIn = &page, otherThan(lang, p.Lang)
}
