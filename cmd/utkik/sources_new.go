package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) newCommand() *cobra.Command {
	var id, dir string
	c := &cobra.Command{
		Use:   "new URL",
		Short: "Look at a page and write a first file of a source that reads it, for a person to mend",
		Long: `Looks at a page, once and politely, and writes a first file of a source that reads it: of a feed where it links a good one, else
of the list on it that looks most like one. The file, sources/ID.yaml in the folder, is not enabled: mend it with
` + "`utkik sources check ID`" + ` until it finds what is there. Beside it, fixtures/ID.txtar is the page as the exam of its kind reads it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				into := cmp.Or(dir, a.Config.Files.Dir, ".")
				d, err := a.Draft(cmd.Context(), args[0], id)
				if err != nil {
					return err
				}
				file := filepath.Join(into, "sources", d.ID+".yaml")
				fixture := filepath.Join(into, "fixtures", d.ID+".txtar")
				for name, data := range map[string][]byte{file: d.YAML, fixture: d.Fixture} {
					if err := writeNew(name, data); err != nil {
						return err
					}
				}
				if p.json {
					return p.printJSON(struct {
						ID      string `json:"id"`
						Kind    string `json:"kind"`
						Items   int    `json:"items"`
						File    string `json:"file"`
						Fixture string `json:"fixture"`
					}{d.ID, d.Kind, d.Items, file, fixture})
				}
				fmt.Fprintf(p.out, "%s: %d items, kind %s\n%s\n%s\n", d.ID, d.Items, d.Kind, file, fixture)
				for _, f := range d.Page.Feeds {
					fmt.Fprintf(p.out, "feed: %s %s\n", f.Address, f.Title)
				}
				for i, l := range d.Page.Lists {
					if i == maxNotes {
						break
					}
					fmt.Fprintf(p.out, "list: %s: %d blocks, %d with a day: %s\n", l.Select, l.Count, l.Dated, short(l.First))
				}
				for _, n := range d.Notes {
					fmt.Fprintf(p.out, "not taken: %s\n", n)
				}
				if a.Config.Files.Dir == "" {
					fmt.Fprintf(p.out, "Set files.dir to %q in the configuration, then mend the file with `utkik sources check %s`.\n", into, d.ID)
					return nil
				}
				fmt.Fprintf(p.out, "Mend the file with `utkik sources check %s`.\n", d.ID)
				return nil
			})
		},
	}
	c.Flags().StringVar(&id, "id", "", "`id` of the source, for good (default from the host)")
	c.Flags().StringVar(&dir, "dir", "", "`folder` to write into (default files.dir, or the working folder)")
	return c
}

// writeNew writes a file that must not be there yet: what a person has mended is not overwritten.
func writeNew(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists: remove it, or name another id with --id", name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
