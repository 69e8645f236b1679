package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/link"
	"utkik/internal/store"
)

// groupLine is calls that are shown as one, as `utkik links --json` prints them.
type groupLine struct {
	Calls []groupCall `json:"calls"` // the one that stands for all first; none where only a part or a cut link is told
	Links []linkLine  `json:"links"`
}

type groupCall struct {
	Source string    `json:"source"`
	Ref    string    `json:"ref"`
	Kind   call.Kind `json:"kind"`
	Title  string    `json:"title"`
}

// linkLine is one link. Relation is how A stands to B.
type linkLine struct {
	A        string        `json:"a"`
	B        string        `json:"b"`
	Relation link.Relation `json:"relation"`
	State    link.State    `json:"state"`
	Strength int           `json:"strength"`
	Reason   link.Reason   `json:"reason"`
	Made     time.Time     `json:"made"`
	Who      string        `json:"who,omitempty"`
	Why      string        `json:"why,omitempty"`
}

func (p *program) linksCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "links [SOURCE/REF]",
		Short: "List calls that several sources publish, and why they are taken for the same",
		Long: `Lists the calls of different sources that are shown as one, the one that stands for all first, with what speaks for each
link in the words of both sides; or what is known of one call. Topics of a call whose page another source has are its
parts, and are not shown as one. A wrong link is cut, a missing one made: both stay, whatever is found later.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := linkKeys(args)
			if err != nil {
				return err
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				groups, err := a.Links(cmd.Context(), keys[0])
				if err != nil {
					return err
				}
				return p.listLinks(groups)
			})
		},
	}
	c.AddCommand(
		p.judgeCommand("cut", "Say that two calls are not the same", link.Cut),
		p.judgeCommand("make", "Say that two calls are the same", link.Hand),
	)
	return c
}

func (p *program) judgeCommand(name, short string, state link.State) *cobra.Command {
	var who, why string
	c := &cobra.Command{
		Use:   name + " SOURCE/REF SOURCE/REF",
		Short: short,
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := linkKeys(args)
			if err != nil {
				return err
			}
			if strings.TrimSpace(why) == "" {
				return usageError{errors.New("say why, with --why: whoever reads the link later has nothing else to judge it by")}
			}
			if keys[0].Source == keys[1].Source {
				return usageError{fmt.Errorf("%s and %s are of one source, which knows its own: only items of two sources are linked", keys[0], keys[1])}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				one, err := a.JudgeLink(cmd.Context(), keys[0], keys[1], state, who, why)
				if err == nil && !one && state == link.Hand {
					fmt.Fprintf(p.err, "kept, but %s and %s are not shown as one: another item of one of their sources is linked by hand already, or was cut from them; see utkik links %s\n", keys[0], keys[1], keys[0])
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&why, "why", "", "the reason; needed")
	c.Flags().StringVar(&who, "who", "", "who says so, as a role")
	return c
}

// linkKeys reads the keys of calls; of no argument, the zero key.
func linkKeys(args []string) ([]call.Key, error) {
	keys := make([]call.Key, max(1, len(args)))
	for i, s := range args {
		var err error
		if keys[i], err = call.ParseKey(s); err != nil {
			return nil, usageError{err}
		}
	}
	return keys, nil
}

func (p *program) listLinks(groups []app.Group) error {
	if p.json {
		out := []groupLine{}
		for _, g := range groups {
			line := groupLine{Calls: []groupCall{}, Links: []linkLine{}}
			for _, h := range g.Calls {
				line.Calls = append(line.Calls, groupCall{h.Key.Source, h.Key.Ref, h.Kind, h.Title})
			}
			for _, l := range g.Links {
				line.Links = append(line.Links, linkLine{l.A.String(), l.B.String(), l.Relation, l.State, l.Strength, l.Reason, l.Made, l.Who, l.Why})
			}
			out = append(out, line)
		}
		return p.printJSON(struct {
			Groups []groupLine `json:"groups"`
		}{out})
	}
	for i, g := range groups {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		for k, h := range g.Calls {
			mark := "  also "
			if k == 0 {
				mark = ""
			}
			fmt.Fprintf(p.out, "%s%s  %s\n", mark, h.Key, h.Title)
		}
		for _, l := range g.Links {
			printLink(p.out, l)
		}
	}
	return nil
}

func printLink(w io.Writer, l store.Linked) {
	switch {
	case l.State == link.Cut:
		fmt.Fprintf(w, "    %s and %s: cut %s%s: %s\n", l.A, l.B, stamp(l.Made), by(l.Who), l.Why)
	case l.State == link.Hand:
		fmt.Fprintf(w, "    %s and %s: made by hand %s%s: %s\n", l.A, l.B, stamp(l.Made), by(l.Who), l.Why)
	case l.Relation == link.Same:
		fmt.Fprintf(w, "    %s and %s: the same by %s\n", l.A, l.B, l.Reason.By)
	case l.Relation == link.Part:
		fmt.Fprintf(w, "    %s is a part of %s by %s\n", l.A, l.B, l.Reason.By)
	default:
		fmt.Fprintf(w, "    %s is a part of %s by %s\n", l.B, l.A, l.Reason.By)
	}
	if l.Reason.By == link.ByHand {
		return
	}
	for _, q := range []link.Quote{l.Reason.A, l.Reason.B} {
		fmt.Fprintf(w, "      %s: %q\n", q.Field, q.Text)
	}
	if l.Reason.Day != "" {
		fmt.Fprintf(w, "      both: %s\n", l.Reason.Day)
	}
}

func by(who string) string {
	if who == "" {
		return ""
	}
	return " by " + who
}
