package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/store"
)

// mailLine is a mail as `utkik outbox --json` prints it.
type mailLine struct {
	Key       string          `json:"key"`
	Recipient string          `json:"recipient"`
	Period    string          `json:"period"`
	Kind      string          `json:"kind"`
	Address   string          `json:"address"`
	Language  string          `json:"language"`
	Items     int             `json:"items"`
	State     store.MailState `json:"state"`
	Since     time.Time       `json:"since"`
	Written   time.Time       `json:"written"`
	Due       *time.Time      `json:"due,omitempty"` // of what is queued
	Tries     int             `json:"tries"`
	MessageID string          `json:"message_id"`
	Content   string          `json:"content"` // its hash
	Hash      string          `json:"hash,omitempty"`
	Error     string          `json:"error,omitempty"`
}

// outboxNotice is a matter that the operator should know of.
type outboxNotice struct {
	Key   string    `json:"key"`
	Since time.Time `json:"since"`
	Text  string    `json:"text"`
}

// shownMail is what `utkik outbox show --json` prints.
type shownMail struct {
	mailLine
	Subject string          `json:"subject"`
	Text    string          `json:"text"`
	HTML    string          `json:"html"`
	Digest  json.RawMessage `json:"digest,omitempty"`
	Log     []tryLine       `json:"log"`
}

type tryLine struct {
	At      time.Time `json:"at"`
	Address string    `json:"address"`
	Outcome string    `json:"outcome"`
	Answer  string    `json:"answer"`
	Hash    string    `json:"hash,omitempty"`
}

func lineOfMail(m store.Mail) mailLine {
	l := mailLine{Key: m.String(), Recipient: m.Recipient, Period: m.Period, Kind: m.Kind, Address: m.Address, Language: m.Language, Items: m.Items,
		State: m.State, Since: m.Since, Written: m.Written, Tries: m.Tries, MessageID: m.MessageID, Content: m.Content, Hash: m.Hash, Error: m.Error}
	if m.State == store.MailQueued {
		l.Due = &m.Due
	}
	return l
}

func (p *program) outboxCommand() *cobra.Command {
	var state string
	var limit int
	c := &cobra.Command{
		Use:   "outbox",
		Short: "List the mails that were written, what came of them, and what the operator should know",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := store.MailState(state).Validate(); state != "" && err != nil {
				return usageError{fmt.Errorf("--state: %v", err)}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				ms, counts, err := a.Mails(cmd.Context(), store.MailState(state), limit)
				if err != nil {
					return err
				}
				notices, err := a.Store.Notices(cmd.Context())
				if err != nil {
					return err
				}
				notices = slices.DeleteFunc(notices, func(n store.Notice) bool { return !strings.HasPrefix(n.Key, "mail:") }) // the others are `utkik notices`
				return p.listMails(a, ms, counts, notices)
			})
		},
	}
	c.Flags().StringVar(&state, "state", "", "only queued, sending, sent, refused or suspended ones")
	c.Flags().IntVar(&limit, "limit", 50, "the latest; 0 is all")
	c.AddCommand(p.outboxShowCommand(), p.outboxSendCommand())
	return c
}

func (p *program) listMails(a *app.App, ms []store.Mail, counts []store.MailCount, notices []store.Notice) error {
	if p.json {
		out := struct {
			Mails   []mailLine              `json:"mails"`
			Counts  map[store.MailState]int `json:"counts"`
			Notices []outboxNotice          `json:"notices"`
		}{[]mailLine{}, map[store.MailState]int{}, []outboxNotice{}}
		for _, m := range ms {
			out.Mails = append(out.Mails, lineOfMail(m))
		}
		for _, c := range counts {
			out.Counts[c.State] = c.Count
		}
		for _, n := range notices {
			out.Notices = append(out.Notices, outboxNotice{n.Key, n.Since, n.Text})
		}
		return p.printJSON(out)
	}
	for _, n := range notices {
		fmt.Fprintf(p.out, "since %s: %s\n", stamp(n.Since), n.Text)
	}
	if a.Config.Mail.Host == "" {
		fmt.Fprintln(p.out, app.ErrDry.Error())
	}
	if len(ms) == 0 {
		_, err := fmt.Fprintln(p.out, "no mails")
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MAIL\tSTATE\tSINCE\tTRIES\tITEMS\tADDRESS\tERROR")
	for _, m := range ms {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", m.MailKey, m.State, stamp(m.Since), m.Tries, m.Items, m.Address, m.Error)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	all := 0
	for _, c := range counts {
		all += c.Count
		fmt.Fprintf(p.out, "%d %s  ", c.Count, c.State)
	}
	_, err := fmt.Fprintf(p.out, "of %d\n", all)
	return err
}

func (p *program) outboxShowCommand() *cobra.Command {
	var eml, html bool
	c := &cobra.Command{
		Use:   "show RECIPIENT/PERIOD",
		Short: "Show a mail and every try to send it; with --eml byte for byte as it was sent",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := store.ParseMailKey(args[0])
			if err != nil {
				return usageError{err}
			}
			if eml && (html || p.json) {
				return usageError{errors.New("--eml is the mail itself, and goes with neither --html nor --json")}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				m, c, tries, err := a.Mail(cmd.Context(), key)
				weeded := errors.Is(err, store.ErrWeeded)
				if weeded && (eml || html) {
					return fmt.Errorf("mail %s: what it said was weeded, as mail.keep says; without --eml and --html the rest is shown", key)
				}
				if err != nil && !weeded {
					return err
				}
				switch {
				case eml:
					raw, exact, err := a.Sent(m, c)
					if err != nil {
						return err
					}
					if !exact {
						return fmt.Errorf("mail %s: its links or its layout have changed since it was sent, so it cannot be made again byte for byte; "+
							"without --eml its words are shown as they were", key)
					}
					_, err = p.out.Write(raw)
					return err
				case html:
					_, err := fmt.Fprint(p.out, c.HTML)
					return err
				case p.json:
					out := shownMail{mailLine: lineOfMail(m), Subject: c.Subject, Text: c.Text, HTML: c.HTML, Digest: c.Data, Log: []tryLine{}}
					for _, t := range tries {
						out.Log = append(out.Log, tryLine{t.At, t.Address, t.Outcome, t.Answer, t.Hash})
					}
					return p.printJSON(out)
				}
				fmt.Fprintf(p.out, "%s to %s <%s>, %s since %s\n", m.MailKey, m.Name, m.Address, m.State, stamp(m.Since))
				fmt.Fprintf(p.out, "Message-ID: <%s>\n", m.MessageID)
				for _, t := range tries {
					fmt.Fprintf(p.out, "%s  %s  %s\n", stamp(t.At), t.Outcome, t.Answer)
				}
				if weeded {
					_, err = fmt.Fprintln(p.out, "\nWhat it said was weeded, as mail.keep says.")
					return err
				}
				_, err = fmt.Fprintf(p.out, "\nSubject: %s\n\n%s", c.Subject, c.Text)
				return err
			})
		},
	}
	c.Flags().BoolVar(&eml, "eml", false, "the whole mail, as it was sent")
	c.Flags().BoolVar(&html, "html", false, "its HTML")
	return c
}

// sending is what came of sending, as JSON has it.
type sending struct {
	Sent      int    `json:"sent"`
	Again     int    `json:"again"`
	Later     int    `json:"later"`
	Refused   int    `json:"refused"`
	Suspended int    `json:"suspended"`
	Stopped   string `json:"stopped,omitempty"`
}

// gaps tells whether something was not sent that will not be without a person. What is later is tried again.
func (s sending) gaps() bool { return s.Refused > 0 || s.Suspended > 0 || s.Stopped != "" }

func (p *program) sendMails(cmd *cobra.Command, a *app.App) (sending, error) {
	r, err := a.SendMails(cmd.Context())
	return sending{r.Sent, r.Again, r.Later, r.Refused, r.Suspended, r.Stopped}, err
}

func (p *program) tellSending(s sending) error {
	fmt.Fprintf(p.out, "%d mails sent", s.Sent)
	for _, c := range []struct {
		n    int
		what string
	}{{s.Later, "to be tried again"}, {s.Refused, "refused"}, {s.Suspended, "refused with their address"}} {
		if c.n > 0 {
			fmt.Fprintf(p.out, ", %d %s", c.n, c.what)
		}
	}
	fmt.Fprintln(p.out)
	if s.Stopped != "" {
		fmt.Fprintf(p.err, "utkik: sending stopped, the rest waits: %s\n", s.Stopped)
	}
	return nil
}

func (p *program) outboxSendCommand() *cobra.Command {
	var again []string
	c := &cobra.Command{
		Use:   "send",
		Short: "Send what waits in the outbox and is due",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var keys []store.MailKey
			for _, s := range again {
				k, err := store.ParseMailKey(s)
				if err != nil {
					return usageError{fmt.Errorf("--again: %v", err)}
				}
				keys = append(keys, k)
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				for _, k := range keys {
					ok, err := a.Store.AgainMail(cmd.Context(), k, a.Now())
					if err != nil {
						return err
					}
					if !ok {
						return usageError{fmt.Errorf("mail %s was not refused, or what it said is weeded; `utkik outbox --state refused` lists what was refused", k)}
					}
				}
				if a.Config.Mail.Host == "" {
					return p.tellDry(cmd, a)
				}
				s, err := p.sendMails(cmd, a)
				if err != nil {
					return err
				}
				if p.json {
					err = p.printJSON(s)
				} else {
					err = p.tellSending(s)
				}
				if err == nil && s.gaps() {
					return errPartial
				}
				return err
			})
		},
	}
	c.Flags().StringArrayVar(&again, "again", nil, "`mail` that was refused, to be tried once more")
	return c
}

// tellDry says that nothing is sent, and how much waits.
func (p *program) tellDry(cmd *cobra.Command, a *app.App) error {
	_, counts, err := a.Mails(cmd.Context(), store.MailQueued, 1)
	if err != nil {
		return err
	}
	waiting := 0
	if i := slices.IndexFunc(counts, func(c store.MailCount) bool { return c.State == store.MailQueued }); i >= 0 {
		waiting = counts[i].Count
	}
	if p.json {
		return p.printJSON(struct {
			Dry    bool `json:"dry"`
			Queued int  `json:"queued"`
		}{true, waiting})
	}
	_, err = fmt.Fprintf(p.out, "%s; %d mails wait\n", app.ErrDry, waiting)
	return err
}
