package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"utkik/internal/subscription"
)

// MailState is where a mail of the outbox stands.
type MailState string

// The states.
const (
	MailQueued    MailState = "queued"    // to be sent when it is due
	MailSending   MailState = "sending"   // a program has taken it; if that died, another takes it again
	MailSent      MailState = "sent"      // a server took it
	MailRefused   MailState = "refused"   // for good, or for too long
	MailSuspended MailState = "suspended" // waits until its address is let again
)

// Validate tells whether s is one of the states.
func (s MailState) Validate() error {
	switch s {
	case MailQueued, MailSending, MailSent, MailRefused, MailSuspended:
		return nil
	}
	return fmt.Errorf("state %q is none of queued, sending, sent, refused, suspended", string(s))
}

// MailKey is what a mail is written under, once: whom it is for, and the period that it is of.
type MailKey struct {
	Recipient string
	Period    string // local day, or what else makes the mail one of its kind
}

func (k MailKey) String() string { return k.Recipient + "/" + k.Period }

// ParseMailKey reads what String writes: a recipient's id holds no slash.
func ParseMailKey(s string) (MailKey, error) {
	recipient, period, ok := strings.Cut(s, "/")
	if !ok || recipient == "" || period == "" {
		return MailKey{}, fmt.Errorf("mail %q: want RECIPIENT/PERIOD, such as kultur/2026-05-13", s)
	}
	return MailKey{recipient, period}, nil
}

// Mail is one mail of the outbox, and what came of it.
type Mail struct {
	MailKey
	Kind      string // digest, lifesign, ...
	Content   string // hash of what it says; see [Store.Content]
	Items     int    // that it tells of
	Address   string
	Name      string // of whom Address belongs to
	Language  string // BCP 47
	MessageID string // without angle brackets
	Written   time.Time
	State     MailState
	Since     time.Time // in that state
	Due       time.Time // not to be tried before
	Tries     int
	Error     string // of the latest try
	Head      []byte // the header as it was sent
	Hash      string // SHA-256 of the whole mail as it was sent, hexadecimal
}

// Content is what a mail says. Recipients of the same digest share it.
type Content struct {
	Subject string
	Text    string
	HTML    string
	Data    json.RawMessage // what it was made of, for programs
}

// contentHead is the first line of a content as it is kept: what follows are text, HTML and data, as they are. Thousands
// of them are written in a minute, and JSON would escape each of their quotation marks.
type contentHead struct {
	Subject string `json:"subject"`
	Text    int    `json:"text"` // bytes
	HTML    int    `json:"html"`
}

// PackedContent is a content ready to be kept.
type PackedContent struct {
	Hash string
	body []byte
}

// PackContent makes a content ready to be kept. It needs no store, so that many can be made at a time.
func PackContent(c *Content) (PackedContent, error) {
	head, err := json.Marshal(contentHead{c.Subject, len(c.Text), len(c.HTML)})
	if err != nil {
		return PackedContent{}, fmt.Errorf("content of mail %q: %v", c.Subject, err)
	}
	text := slices.Concat(head, []byte("\n"), []byte(c.Text), []byte(c.HTML), c.Data)
	body, err := pack(text)
	if err != nil {
		return PackedContent{}, fmt.Errorf("content of mail %q: %v", c.Subject, err)
	}
	return PackedContent{digest(text), bytes.Clone(body)}, nil // without the room that packing took: hundreds are held at a time
}

// Telling is what is kept of one recipient's period: how far it has been told, and the mail that tells it.
type Telling struct {
	Recipient string
	From      subscription.Progress // as it was read: if it is another by now, somebody else has told
	To        subscription.Progress
	Mail      *Mail // nil when there is nothing to say; Content and Written are set by the store
	Content   PackedContent
	Reminders []subscription.Reminder // that the mail gives
}

// Tell keeps tellings, each mail with the progress that it stands for: both or neither. It gives the keys of the mails
// that were written. One whose recipient was told meanwhile is passed over. Where the key was used already, which
// happens when a recipient was removed and came back, the period is closed and what there was to tell waits for the next.
func (s *Store) Tell(ctx context.Context, ts []Telling) (written []MailKey, err error) {
	now := s.now()
	err = s.write(ctx, survivesPower, func(t *txn) error {
		for i := range ts {
			if err := t.stop(); err != nil {
				return err
			}
			wrote, err := tell(t, &ts[i], now)
			if err != nil {
				return fmt.Errorf("recipient %q: %w", ts[i].Recipient, err)
			}
			if wrote {
				written = append(written, ts[i].Mail.MailKey)
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.fail(fmt.Sprintf("writing %d mails to the outbox", len(ts)), nothingSaved, err)
	}
	return written, nil
}

func tell(t *txn, x *Telling, now time.Time) (bool, error) {
	to := x.To
	told := func() (bool, error) {
		waiting, err := json.Marshal(to.Waiting)
		if err != nil {
			return false, err // unreachable: numbers
		}
		if to.Waiting == nil {
			waiting = []byte("[]")
		}
		n, err := t.exec(recipientTold, to.Cursor, string(waiting), to.Period, ms(to.Mailed), t.store.own(x.Recipient), x.From.Cursor, x.From.Period)
		return n == 1, err
	}
	if ok, err := told(); err != nil || !ok || x.Mail == nil {
		return false, err
	}
	if _, err := t.exec(contentInsert, x.Content.Hash, x.Content.body); err != nil {
		return false, err
	}
	m := x.Mail
	key := t.store.ownMail(m.MailKey)
	n, err := t.exec(outboxInsert, key.Recipient, m.Period, m.Kind, x.Content.Hash, m.Items, m.Address, m.Name, m.Language, m.MessageID,
		ms(now), ms(m.Due), []byte{})
	if err == nil && n == 1 {
		err = remind(t, key, x.Reminders, now)
	}
	if err != nil || n == 1 {
		return n == 1, err
	}
	x.From, to = subscription.Progress{Cursor: to.Cursor, Period: to.Period},
		subscription.Progress{Cursor: x.From.Cursor, Waiting: x.From.Waiting, Period: to.Period, Mailed: x.From.Mailed}
	_, err = told()
	return false, err
}

// remind keeps which reminders a mail gives: with the mail or not at all.
func remind(t *txn, k MailKey, rs []subscription.Reminder, now time.Time) error {
	for _, r := range rs {
		var id int64
		err := t.row(decisionCall, r.Key.Source, r.Key.Ref).Scan(&id)
		if err == nil {
			_, err = t.exec(reminderInsert, k.Recipient, id, r.Deadline, r.Step, k.Period, ms(now))
		}
		if err != nil {
			return fmt.Errorf("reminder of %s: %w", r.Key, err)
		}
	}
	return nil
}

// Reminders gives the reminders that were given of deadlines from a local day on, by recipient.
func (s *Store) Reminders(ctx context.Context, from string) (map[string][]subscription.Reminder, error) {
	out := map[string][]subscription.Reminder{}
	return out, each(ctx, s, scanReminder, func(g given) error {
		id := s.bare(g.recipient)
		out[id] = append(out[id], g.Reminder)
		return nil
	}, reminderList, s.prefix, from)
}

type given struct {
	recipient string
	subscription.Reminder
}

func scanReminder(row scanner) (g given, err error) {
	err = row.Scan(&g.recipient, &g.Key.Source, &g.Key.Ref, &g.Deadline, &g.Step)
	return g, err
}

// Post writes one mail that stands for no recipient's progress, such as one of reminders, with the reminders that it gives. It
// tells whether it was written: not when its key was used already.
func (s *Store) Post(ctx context.Context, m Mail, c PackedContent, reminders ...subscription.Reminder) (bool, error) {
	var n int64
	err := s.write(ctx, survivesPower, func(t *txn) error {
		_, err := t.exec(contentInsert, c.Hash, c.body)
		if err == nil {
			n, err = t.exec(outboxInsert, s.ownMail(m.MailKey).Recipient, m.Period, m.Kind, c.Hash, m.Items, m.Address, m.Name, m.Language, m.MessageID,
				ms(s.now()), ms(m.Due), []byte{})
		}
		if err == nil && n == 1 {
			err = remind(t, s.ownMail(m.MailKey), reminders, s.now())
		}
		return err
	})
	if err != nil {
		return false, s.fail("writing mail "+m.String()+" to the outbox", nothingSaved, err)
	}
	return n == 1, nil
}

// ErrWeeded is what [Store.Content] answers for what a mail said that was weeded: nobody has it any more. It is an
// [ErrNotFound].
var ErrWeeded = fmt.Errorf("weeded: %w", ErrNotFound)

// WeedMails forgets what mails said that were written before that time, with their headers, and tells of how many contents.
// What is still to be sent stays; that a mail was sent, to whom and when, stays too.
func (s *Store) WeedMails(ctx context.Context, before time.Time) (int, error) {
	var n int64
	err := s.write(ctx, survivesPower, func(t *txn) error {
		var err error
		if n, err = t.exec(contentWeed, []byte{}, ms(before)); err != nil {
			return err
		}
		_, err = t.exec(headWeed, []byte{}, ms(before))
		return err
	})
	if err != nil {
		return 0, s.fail("weeding what mails said", "nothing was weeded", err)
	}
	return int(n), nil
}

// Content gives what a mail says; [ErrWeeded] when it was weeded.
func (s *Store) Content(ctx context.Context, hash string) (Content, error) {
	var c Content
	body, err := one(ctx, s, "content "+hash, scanBody, contentOne, hash)
	if err == nil && len(body) == 0 {
		return c, fmt.Errorf("content %s: %w", hash, ErrWeeded)
	}
	if err == nil {
		if body, err = unpack(body); err == nil {
			c, err = readContent(body)
		}
		if err != nil {
			err = s.fail("content "+hash, "", err)
		}
	}
	return c, err
}

func readContent(b []byte) (Content, error) {
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	var h contentHead
	if err := json.Unmarshal(first, &h); err != nil {
		return Content{}, fmt.Errorf("a stored mail cannot be read: %v", err)
	}
	if h.Text < 0 || h.HTML < 0 || h.Text+h.HTML > len(rest) {
		return Content{}, fmt.Errorf("a stored mail cannot be read: %d and %d bytes of %d", h.Text, h.HTML, len(rest))
	}
	return Content{h.Subject, string(rest[:h.Text]), string(rest[h.Text : h.Text+h.HTML]), rest[h.Text+h.HTML:]}, nil
}

func scanBody(row scanner) (body []byte, err error) {
	err = row.Scan(&body)
	return body, err
}

// Mail gives one mail of this organisation; ErrNotFound when none was written under the key.
func (s *Store) Mail(ctx context.Context, k MailKey) (Mail, error) {
	return one(ctx, s, "mail "+k.String(), s.scanMail, outboxOne, s.own(k.Recipient), k.Period)
}

// AllMails gives the latest mails of every organisation, of a state or of all when it is empty, newest first, as they are stored:
// [MailOf] tells whose each is. It is for who runs the installation and sends for all. A limit of 0 is none.
func (s *Store) AllMails(ctx context.Context, state MailState, limit int) ([]Mail, error) {
	return all(ctx, s.Of(""), s.Of("").scanMail, outboxAll, string(state), most(limit))
}

// Mails gives the latest mails of this organisation, of a state or of all when it is empty, newest first. A limit of 0 is none.
func (s *Store) Mails(ctx context.Context, state MailState, limit int) ([]Mail, error) {
	return all(ctx, s, s.scanMail, outboxList, s.prefix, string(state), most(limit))
}

// MailsBefore gives the mails that stand behind one in the order of Mails, of which only Written and the key are looked at; the
// zero Mail begins with the newest. Only those to
// that recipient and of that kind, unless empty, and none of the kind without. A limit of 0 is none.
func (s *Store) MailsBefore(ctx context.Context, m Mail, recipient, kind, without string, limit int) ([]Mail, error) {
	written := int64(math.MaxInt64)
	if !m.Written.IsZero() {
		written = ms(m.Written)
	}
	return all(ctx, s, s.scanMail, outboxBefore, s.prefix, written, s.ownOf(m.Recipient), m.Period, s.ownOf(recipient), kind,
		without, most(limit))
}

// MailCount is how many mails are in a state.
type MailCount struct {
	State MailState
	Count int
	Due   time.Time // the earliest of them
}

// AllMailCounts counts the mails of every organisation by state.
func (s *Store) AllMailCounts(ctx context.Context) ([]MailCount, error) {
	return all(ctx, s, scanMailCount, outboxAllCounts)
}

// MailCounts counts the mails of this organisation by state.
func (s *Store) MailCounts(ctx context.Context) ([]MailCount, error) {
	return all(ctx, s, scanMailCount, outboxCounts, s.prefix)
}

func scanMailCount(row scanner) (MailCount, error) {
	var c MailCount
	var due int64
	err := row.Scan(&c.State, &c.Count, &due)
	c.Due = at(due)
	return c, err
}

// HoldOutbox takes hold of the outbox's sending end, which dies with the process: nobody sends beside another.
// ErrRunning when somebody has it. Mails that a program took and did not finish are queued again: it died, or
// was killed between the server's answer and its record.
func (s *Store) HoldOutbox(ctx context.Context) (release func() error, again int, err error) {
	h, err := s.hold(ctx, "outbox")
	if errors.Is(err, errHeld) {
		return nil, 0, fmt.Errorf("store %s: another program is sending: %w", s.path, ErrRunning)
	}
	if err != nil {
		return nil, 0, s.fail("taking the outbox", nothingSaved, err)
	}
	err = s.write(ctx, survivesPower, func(t *txn) error {
		n, err := t.exec(outboxRequeue, ms(s.now()))
		again = int(n)
		return err
	})
	if err != nil {
		return nil, 0, errors.Join(s.fail("taking the outbox", nothingSaved, err), h.free())
	}
	return h.free, again, nil
}

// TakeMails takes mails that are due, and marks them as being sent. Only who holds the outbox may.
func (s *Store) TakeMails(ctx context.Context, now time.Time, limit int) ([]Mail, error) {
	found, err := all(ctx, s, s.scanMail, outboxQueued, ms(now), most(limit))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var out []Mail
	err = s.write(ctx, survivesPower, func(t *txn) error {
		for _, m := range found {
			n, err := t.exec(outboxClaim, ms(now), m.Recipient, m.Period)
			if err != nil {
				return err
			}
			if n == 1 {
				m.State, m.Since, m.Tries = MailSending, now, m.Tries+1
				out = append(out, m)
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.fail("taking mails from the outbox", nothingSaved, err)
	}
	return out, nil
}

// AgainMail queues a mail that was refused once more, and tells whether there was one.
func (s *Store) AgainMail(ctx context.Context, k MailKey, now time.Time) (bool, error) {
	var n int64
	err := s.write(ctx, survivesPower, func(t *txn) error {
		if _, err := t.exec(noticeMend, ms(now), "mail:"+s.ownMail(k).String()); err != nil {
			return err
		}
		var err error
		n, err = t.exec(outboxAgain, ms(now), s.ownMail(k).Recipient, k.Period)
		return err
	})
	if err != nil {
		return false, s.fail("queueing mail "+k.String()+" again", nothingSaved, err)
	}
	return n == 1, nil
}

// Outcome is what came of one try to send a mail that was taken.
type Outcome struct {
	Mail    MailKey
	Address string
	At      time.Time
	State   MailState // sent; queued, to be tried again; refused; suspended with its address
	Untried bool      // it was put back without a try
	Due     time.Time // of what is queued again
	Answer  string    // the server's, or what went wrong
	Head    []byte    // of what was sent
	Hash    string
	Notice  string // what the operator should know of it; empty when nothing
}

// RecordMails keeps what came of tries: in one transaction, with the suspension of an address that was refused for
// good, which holds back everything else for it. It survives the death of the process at once, and the loss of power
// with the next transaction that does: to wait for the disk after each mail would leave many more of them unrecorded
// while one is waited for.
func (s *Store) RecordMails(ctx context.Context, os []Outcome) error {
	err := s.write(ctx, survivesProcess, func(t *txn) error {
		for i := range os {
			if err := record(t, &os[i]); err != nil {
				return fmt.Errorf("mail %s: %w", os[i].Mail, err)
			}
		}
		return nil
	})
	if err != nil {
		return s.fail(fmt.Sprintf("recording what came of %d mails", len(os)), nothingSaved, err)
	}
	return nil
}

func record(t *txn, o *Outcome) error {
	if o.Untried {
		_, err := t.exec(outboxUnclaim, ms(o.At), o.Mail.Recipient, o.Mail.Period)
		return err
	}
	outcome := "refused"
	switch o.State {
	case MailSent:
		outcome = "sent"
		head, err := pack(o.Head)
		if err == nil {
			_, err = t.exec(outboxSent, ms(o.At), head, o.Hash, o.Mail.Recipient, o.Mail.Period)
		}
		if err != nil {
			return err
		}
	default:
		if o.State == MailQueued {
			outcome = "later"
		}
		if _, err := t.exec(outboxState, string(o.State), ms(o.At), ms(o.Due), o.Answer, o.Mail.Recipient, o.Mail.Period); err != nil {
			return err
		}
	}
	if _, err := t.exec(sentInsert, o.Mail.Recipient, o.Mail.Period, ms(o.At), o.Address, outcome, o.Answer, o.Hash); err != nil {
		return err
	}
	key := "mail:" + o.Mail.String()
	if o.State == MailSuspended {
		key = addressNotice(o.Address)
		if _, err := t.exec(suspensionInsert, o.Address, ms(o.At), o.Answer); err != nil {
			return err
		}
		if _, err := t.exec(outboxHold, ms(o.At), o.Answer, o.Address); err != nil {
			return err
		}
	}
	if o.Notice == "" {
		return nil
	}
	_, err := t.exec(noticeRaise, key, ms(o.At), o.Notice)
	return err
}

func addressNotice(address string) string { return "mail:address:" + strings.ToLower(address) }

// Try is one try to send a mail.
type Try struct {
	MailKey
	At      time.Time
	Address string
	Outcome string // sent, later or refused
	Answer  string
	Hash    string // of what was sent
}

// Tries gives every try to send a mail, oldest first.
func (s *Store) Tries(ctx context.Context, k MailKey) ([]Try, error) {
	return all(ctx, s, func(row scanner) (Try, error) {
		var x Try
		var when int64
		err := row.Scan(&x.Recipient, &x.Period, &when, &x.Address, &x.Outcome, &x.Answer, &x.Hash)
		x.At, x.Recipient = at(when), s.bare(x.Recipient)
		return x, err
	}, sentList, s.ownMail(k).Recipient, k.Period)
}

func (s *Store) scanMail(row scanner) (Mail, error) {
	var m Mail
	var written, since, due int64
	var head []byte
	err := row.Scan(&m.Recipient, &m.Period, &m.Kind, &m.Content, &m.Items, &m.Address, &m.Name, &m.Language, &m.MessageID, &written,
		&m.State, &since, &due, &m.Tries, &m.Error, &head, &m.Hash)
	if err != nil {
		return m, err
	}
	s.bareMail(&m)
	m.Written, m.Since, m.Due = at(written), at(since), at(due)
	if len(head) > 0 {
		m.Head, err = unpack(head)
	}
	return m, err
}

// SentContent is what some mails said that were sent.
type SentContent struct {
	Kind    string // of the mails
	Content string // hash; see [Store.Content]
	Mails   int
}

// SentContents gives what was sent from one time to before another, with how many mails said it.
func (s *Store) SentContents(ctx context.Context, from, until time.Time) ([]SentContent, error) {
	return all(ctx, s, func(row scanner) (SentContent, error) {
		var c SentContent
		err := row.Scan(&c.Kind, &c.Content, &c.Mails)
		return c, err
	}, sentContents, s.prefix, ceilMS(from), ceilMS(until))
}
