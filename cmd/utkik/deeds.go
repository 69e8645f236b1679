package main

import (
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/store"
)

// deed is what the audit log calls a command that writes.
type deed struct {
	what    string
	flags   []string // that say on what, or how far, too; what may hold a secret or a person's words is none
	outside bool     // what it writes is not the store's own, so its line is written when it is done
}

// deeds are the commands that write, by their path without the program's name. A command that is neither here nor among
// those that only read is found by a test.
func deeds() map[string]deed {
	return map[string]deed{
		"crawl":             {what: "source.crawl"},
		"decide":            {what: "decision.set", flags: []string{"department", "recipient"}},
		"digest":            {what: "digest.write"},
		"feeds":             {what: "feed.make"}, // the first time that they are listed
		"feeds renew":       {what: "feed.renew"},
		"import":            {what: "call.import"},
		"jobs retry":        {what: "job.retry", outside: true},
		"keys add":          {what: "key.add", flags: []string{"role", "expires"}},
		"keys revoke":       {what: "key.revoke"},
		"links cut":         {what: "link.cut"},
		"links make":        {what: "link.make"},
		"outbox send":       {what: "mail.send"},
		"recipients add":    {what: "recipient.add"},
		"recipients import": {what: "recipient.import"},
		"recipients pause":  {what: "recipient.pause"},
		"recipients remove": {what: "recipient.delete"},
		"recipients resume": {what: "recipient.resume"},
		"recipients set":    {what: "recipient.change"},
		"reparse":           {what: "source.reparse"},
		"restore":           {what: "store.restore", outside: true},
		"sessions end":      {what: "session.end"},
		"sources drop":      {what: "hold.drop"},
		"sources release":   {what: "hold.release"},
		"store copy":        {what: "store.copy", outside: true},
		"vocabulary import": {what: "vocabulary.import", outside: true},
		"vocabulary remove": {what: "vocabulary.remove", outside: true},
	}
}

// audited makes the commands below c keep a line of the audit log with what they write.
func (p *program) audited(c *cobra.Command) {
	all := deeds()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		_, path, _ := strings.Cut(c.CommandPath(), " ")
		if d, ok := all[path]; ok && c.RunE != nil {
			run := c.RunE
			c.RunE = func(cmd *cobra.Command, args []string) error {
				e := store.Entry{Who: p.who(), Way: store.WayCommand, What: d.what, On: strings.Join(args, " ")}
				for _, name := range d.flags {
					if f := cmd.Flags().Lookup(name); f != nil && f.Value.String() != "" {
						e.Detail = strings.TrimSpace(e.Detail + " --" + name + " " + f.Value.String())
					}
				}
				if !d.outside {
					cmd.SetContext(store.Audited(cmd.Context(), e))
					return run(cmd, args)
				}
				err := run(cmd, args)
				if err != nil {
					return err
				}
				return p.with(cmd.Context(), func(a *app.App) error { return a.Store.Audit(cmd.Context(), e) })
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(c)
}

// who is the person at the keyboard as the system knows it; behind sudo, who was before it.
func (p *program) who() string {
	name := p.env("SUDO_USER")
	if name == "" {
		u, err := user.Current()
		if err != nil {
			u = &user.User{Username: "unknown"} // a container may have no list of users
		}
		name = u.Username
	}
	return "os:" + name
}

// env gives a variable of the environment.
func (p *program) env(name string) string {
	i := slices.IndexFunc(p.environ, func(pair string) bool { return strings.HasPrefix(pair, name+"=") })
	if i < 0 {
		return ""
	}
	return p.environ[i][len(name)+1:]
}
