package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/store"
)

func (p *program) releaseCommand() *cobra.Command {
	var reason, why string
	c := &cobra.Command{
		Use:   "release SOURCE/REF... | SOURCE --reason WORDS",
		Short: "Let in items that are held in quarantine, as their source said",
		Long: `Lets in items that are held in quarantine, as their source said: they are news of today, told in the next digest, and
are not held again while they look the same. With --reason all of a source whose reason begins with these words, such
as "stale", "crowd", "regress" or "suspect run".`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.rule(cmd, store.Released, args, reason, cmp.Or(why, "released by hand"))
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "all of the source whose reason begins with these `words`")
	c.Flags().StringVar(&why, "why", "", "why you let them in; kept with the decision")
	return c
}

func (p *program) dropCommand() *cobra.Command {
	var reason, why string
	c := &cobra.Command{
		Use:   "drop SOURCE/REF... --why WORDS | SOURCE --reason WORDS --why WORDS",
		Short: "Leave out items that are held in quarantine, until they change",
		Long: `Leaves out items that are held in quarantine until their source says something else of them: another title, status, budget
or day. What is known of a call stays as it is. With --reason all of a source whose reason begins with these words.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(why) == "" {
				return usageError{errors.New("--why is missing: say why they are left out; it is kept with the decision")}
			}
			return p.rule(cmd, store.Dropped, args, reason, why)
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "all of the source whose reason begins with these `words`")
	c.Flags().StringVar(&why, "why", "", "why they are left out; kept with the decision")
	return c
}

// rule carries out a decision on what the arguments name: refs of one source or several, or a source and a reason.
func (p *program) rule(cmd *cobra.Command, decision store.Decision, args []string, reason, why string) error {
	var sources []string
	refs := map[string][]string{}
	for _, arg := range args {
		source := arg
		if reason == "" {
			key, err := call.ParseKey(arg)
			if err != nil {
				return usageError{fmt.Errorf("%v, or a source with --reason", err)}
			}
			source = key.Source
			refs[source] = append(refs[source], key.Ref)
		}
		if !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	return p.with(cmd.Context(), func(a *app.App) error {
		if err := knownSources(cmd.Context(), a, sources...); err != nil {
			return err
		}
		lines := []heldLine{}
		left := 0
		for _, source := range sources {
			done, kept, err := a.Rule(cmd.Context(), source, decision, refs[source], reason, why)
			if err != nil {
				return err
			}
			for _, h := range done {
				lines = append(lines, heldLine{h.Ref, h.Call.Title, h.Reason, h.Since})
				if !p.json {
					fmt.Fprintf(p.out, "%s %s/%s: %s\n", decision, source, h.Ref, h.Call.Title)
				}
			}
			for _, h := range kept {
				left++
				fmt.Fprintf(p.err, "utkik: %s/%s cannot be stored as it is, and is still held: %s\n", source, h.Ref, h.Reason)
			}
		}
		if p.json {
			if err := p.printJSON(struct {
				Decision store.Decision `json:"decision"`
				Items    []heldLine     `json:"items"`
			}{decision, lines}); err != nil {
				return err
			}
		}
		if err := p.catchUp(cmd, a); err != nil {
			return err
		}
		if left > 0 {
			return errPartial
		}
		return nil
	})
}
