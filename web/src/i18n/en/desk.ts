export default { menu: { chat: 'Consultations', records: 'Records' } }
