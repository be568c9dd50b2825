/** What has to be known of a device before it is added: a name, a place, what it is, what its language wants. */
import { Alert, Button, Checkbox, Group, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { all, ask } from "../api";
import { hub, useHub } from "../hub";
import { reason, Told } from "../refusals";
import { say } from "../words";
import { type Added, type Dialect, local } from "./model";
import { firstPlace, NoPlace, PlaceSelect } from "./places";

interface Listed {
  id: string;
  titles?: Record<string, string>;
  vendor?: string | null;
}

export interface Label {
  name?: string;
  model?: string;
  secret?: string;
  given?: Record<string, string>;
}

export function Form({ dialect, label, done }: { dialect: Dialect; label?: Label; done: (added: Added) => void }) {
  useHub();
  const bridge = dialect.kind === "place";
  const [name, setName] = useState(label?.name ?? (bridge ? dialect.title.replace(/ \(.*/, "") : ""));
  const [place, setPlace] = useState<string | null>(null);
  const [model, setModel] = useState<string | null>(label?.model ?? null);
  const [given, setGiven] = useState<Record<string, string>>(label?.given ?? {});
  const [secret, setSecret] = useState(label?.secret ?? "");
  const [waits, setWaits] = useState(true);
  const [why, setWhy] = useState("");
  const [busy, setBusy] = useState(false);
  const needsModel = !dialect.model && !dialect.learns;
  const models = useQuery({ queryKey: ["models"], queryFn: () => all<Listed>("/models"), enabled: !dialect.model });
  const where = place ?? firstPlace();

  const add = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setWhy("");
    try {
      const filled = Object.fromEntries(Object.entries(given).filter(([, text]) => text.trim()));
      const body = {
        name: name.trim(),
        place: where,
        how: dialect.id,
        ...(model ? { model } : {}),
        ...(Object.keys(filled).length ? { given: filled } : {}),
        ...(secret.trim() ? { secret: secret.trim() } : {}),
        ...(bridge ? { waits } : {}),
      };
      const added = await ask<Added>("/things", "POST", body);
      await hub.load();
      done(added);
    } catch (error) {
      setWhy(reason(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack component="form" gap="sm" maw={520} onSubmit={(event) => void add(event as unknown as FormEvent)}>
      {why ? (
        <Alert color="red" role="alert">
          <Told text={why} />
        </Alert>
      ) : null}
      <NoPlace />
      <TextInput label={say("name")} value={name} required maxLength={200} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
      <PlaceSelect label={say("room")} value={where} set={setPlace} />
      {dialect.model ? null : (
        <Select
          label={say("whatModel")}
          description={say("modelHint")}
          placeholder={dialect.learns ? say("learned") : undefined}
          required={needsModel}
          clearable={!needsModel}
          searchable
          limit={100}
          value={model}
          onChange={setModel}
          data={(models.data ?? []).map((each) => each.id)}
        />
      )}
      {dialect.fields.map((field) => (
        <TextInput
          key={field.name}
          label={local(dialect, field.title)}
          placeholder={field.default ? say("givenDefault", field.default) : undefined}
          value={given[field.name] ?? ""}
          onChange={(event) => setGiven({ ...given, [field.name]: event.currentTarget.value })}
        />
      ))}
      {bridge ? (
        <Checkbox label={say("waitsFor")} description={say("waitsHint")} checked={waits} onChange={(event) => setWaits(event.currentTarget.checked)} />
      ) : (
        <TextInput label={say("itsSecret")} description={say("itsSecretHint")} value={secret} autoComplete="off" minLength={8} maxLength={128} onChange={(event) => setSecret(event.currentTarget.value)} />
      )}
      <Group>
        <Button type="submit" loading={busy} disabled={!where}>
          {say("addIt")}
        </Button>
        <Button variant="default" component="a" href="#/add">
          {say("another")}
        </Button>
      </Group>
    </Stack>
  );
}
