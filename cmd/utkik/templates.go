package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

// templateLines is what `utkik digest templates --json` prints.
type templateLines struct {
	Templates []app.TemplateLine `json:"templates"`
	Problems  []string           `json:"problems"`
}

func (p *program) templatesCommand() *cobra.Command {
	var copies bool
	c := &cobra.Command{
		Use:   "templates",
		Short: "Check the templates of the mails, and tell which are in force",
		Long: `Tells by which templates mails are laid out, and checks those of the folder templates in files.dir: every field that they
name must be there, in branches too that are seldom taken. One with a mistake is not used; the program's own stands in for it.

With --copy, writes the program's own to that folder, to begin from. Files that are there stay as they are.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				if copies {
					files, err := a.CopyTemplates()
					for _, f := range files {
						fmt.Fprintln(p.err, "written:", f)
					}
					if err != nil {
						return err
					}
				}
				lines, problems := a.CheckTemplates()
				out := templateLines{Templates: lines, Problems: []string{}}
				for _, x := range problems.Sorted() {
					out.Problems = append(out.Problems, x.String())
				}
				if err := p.tellTemplates(out); err != nil {
					return err
				}
				if len(problems) > 0 {
					return errPartial
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&copies, "copy", false, "write the program's own to files.dir, to begin from")
	return c
}

func (p *program) tellTemplates(out templateLines) error {
	if p.json {
		return p.printJSON(out)
	}
	for _, l := range out.Templates {
		fmt.Fprintf(p.out, "%s: %s\n", l.Name, cmp.Or(l.File, "the program's own"))
	}
	for _, x := range out.Problems {
		fmt.Fprintln(p.err, "utkik:", x)
	}
	return nil
}
